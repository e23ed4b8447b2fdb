import { Argument, type Command, Option } from 'commander'
import { addCommand, addGroup, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { createProgress } from '../progress.ts'

export function addMirrorCommands(program: Command, run: Run): void {
  const group = addGroup(program, 'mirror', 'serve the repositories from elsewhere')
  addCommand(group, run, {
    name: 'export',
    description: 'write what the server serves as a tree of files, for rsync and plain web servers',
    details:
      'It runs on the machine of the server, which may be running, and changes only what has changed since the last export. ' +
      'The folder is a symbolic link to a tree beside it, moved in one step once the next tree is complete; the tree before it stays until the export after. ' +
      'Packages are hard links to the server’s own files where the file system allows: nothing may write into the tree.',
    arguments: [new Argument('<folder>', 'where to: not there yet, empty, or exported into before')],
    options: [
      new Option('--private', 'also the repositories that the server shows only with a token; left out else'),
    ],
    examples: ['vieter mirror export /srv/http/mirror'],
    async run(invocation: Invocation<{ private?: true }>, folder: string) {
      const settings = invocation.settings()
      const progress = createProgress(invocation)
      const { exportDataFolder } = await import('@vieter/server/tools')
      const withPrivate = invocation.options.private === true
      await exportDataFolder(settings, { folder, withPrivate, onProgress: progress.show }).finally(
        progress.clear,
      )
      await invocation.say(`Exported into ${folder}.`)
      return 0
    },
  })
}
