import { Argument, type Command } from 'commander'
import { addCommand, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { createProgress } from '../progress.ts'

export function addRestoreCommand(program: Command, run: Run): void {
  addCommand(program, run, {
    name: 'restore',
    description: 'copy a backup into an empty data folder',
    details:
      'The data folder of the settings must be empty or not there. Every package is checked. ' +
      'The next start of the server makes the databases anew, with dates later than all that clients have seen.',
    arguments: [new Argument('<backup>', 'the folder that `vieter backup` has made')],
    examples: ['VIETER_DATA_DIR=/var/lib/vieter vieter restore /backup/2026-11-24'],
    async run(invocation: Invocation, folder: string) {
      const settings = invocation.settings()
      const progress = createProgress(invocation)
      const { restoreDataFolder } = await import('@vieter/server/tools')
      await restoreDataFolder(settings, { folder, onProgress: progress.show }).finally(progress.clear)
      await invocation.say(`Restored ${folder} into ${settings.data_dir}.`)
      return 0
    },
  })
}
