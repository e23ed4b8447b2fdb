import { Argument, type Command, Option } from 'commander'
import { addCommand, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { createProgress } from '../progress.ts'

export function addBackupCommand(program: Command, run: Run): void {
  addCommand(program, run, {
    name: 'backup',
    description: 'copy all that the server keeps into a folder',
    details:
      'It runs on the machine of the server, which may be running and publishing: the backup is what there was at one moment. ' +
      'On the same file system packages are hard links and cost no room, but then a damaged disk takes both: copy the folder elsewhere, or name one on another disk. ' +
      'The folder appears once the backup is complete and on the disk.',
    arguments: [new Argument('<folder>', 'where to: empty or not there yet')],
    options: [
      new Option(
        '--link <backup>',
        'take files that an earlier backup on the same file system has from there',
      ),
    ],
    examples: [
      'vieter backup /backup/2026-11-24',
      'vieter backup --link /backup/2026-11-23 /backup/2026-11-24',
    ],
    async run(invocation: Invocation<{ link?: string }>, folder: string) {
      const settings = invocation.settings()
      const progress = createProgress(invocation)
      const { backupDataFolder } = await import('@vieter/server/tools')
      const options = { folder, previous: invocation.options.link, onProgress: progress.show }
      await backupDataFolder(settings, options).finally(progress.clear)
      await invocation.say(`Backed up into ${folder}.`)
      return 0
    },
  })
}
