import { type Command, Option } from 'commander'
import { addCommand, jsonOption, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import type { Column } from '../output.ts'
import { createProgress } from '../progress.ts'

interface CheckOptions {
  fast?: true
  repair?: true
}

/** What the check tells of. */
interface Finding {
  kind: string
  where: string
  what: string
  repairable: boolean
  repaired: boolean
}

const columns: readonly Column<Finding>[] = [
  { heading: 'kind', value: ({ kind }) => kind },
  { heading: 'where', value: ({ where }) => where },
  { heading: 'what', value: ({ what }) => what },
  { heading: 'repair', value: formatRepair },
]

export function addCheckCommand(program: Command, run: Run): void {
  addCommand(program, run, {
    name: 'check',
    description: 'check the data folder of a server on this machine',
    details:
      'Without options everything is read: every package is hashed, every database is read as pacman reads it and compared with the rows. ' +
      'A server may run meanwhile. It exits with 1 when something is wrong.\n\n' +
      '--repair wants the server stopped. Files that nothing refers to are deleted and databases are written anew. A package of which the file is missing or damaged ' +
      'cannot be brought back: it is REMOVED from its databases, and a damaged file is moved into `damaged` in the data folder. Publish such packages again, or restore a backup instead.',
    options: [
      new Option('--fast', 'look at existence and sizes alone'),
      new Option('--repair', 'mend what can be mended, and remove packages that are lost'),
      jsonOption(),
    ],
    examples: ['vieter check', 'vieter check --fast --json', 'vieter check --repair'],
    async run(invocation: Invocation<CheckOptions>) {
      const { fast = false, repair = false } = invocation.options
      const settings = invocation.settings()
      const progress = createProgress(invocation)
      const { checkDataFolder } = await import('@vieter/server/tools')
      const findings = await checkDataFolder(settings, { fast, repair, onProgress: progress.show }).finally(
        progress.clear,
      )
      await invocation.printList(columns, findings, 'Nothing is wrong.')
      return findings.every(({ repaired }) => repaired) ? 0 : 1
    },
  })
}

function formatRepair({ repairable, repaired }: Finding): string {
  if (repaired) return 'done'
  return repairable ? 'possible' : 'impossible'
}
