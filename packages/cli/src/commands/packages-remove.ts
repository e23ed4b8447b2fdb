import { contract } from '@vieter/api'
import { Argument, type Command, Option } from 'commander'
import { addCommand, jsonOption, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { printRemoval } from '../removal-report.ts'
import { UsageError } from '../usage-error.ts'

interface RemoveOptions {
  repo: string
  arch?: string
  base?: true
  dryRun?: true
}

export function addPackagesRemoveCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'remove',
    description: 'remove packages from a repository',
    details:
      'All of them go in one commit; when one is not there, none goes. A package of arch `any` leaves all architectures. ' +
      'Files are served for `keep_days` more, for clients that hold an older database.',
    arguments: [new Argument('<name...>', 'names of packages; with --base of pkgbases')],
    options: [
      new Option('--repo <repo>', 'the repository').makeOptionMandatory(),
      new Option('--arch <arch>', 'only from this architecture'),
      new Option('--base', 'remove pkgbases: all packages that were built from them, debug packages too'),
      new Option('--dry-run', 'only show what would go'),
      jsonOption(),
    ],
    examples: [
      'vieter packages remove hello --repo vieter',
      'vieter packages remove linux-custom --base --repo vieter --dry-run',
    ],
    async run(invocation: Invocation<RemoveOptions>, names: string[]) {
      const { repo, arch, base, dryRun } = invocation.options
      const strange = names.find((name) => name === '' || name.includes(','))
      if (strange !== undefined)
        throw new UsageError(
          `No package can be named ${JSON.stringify(strange)}.`,
          'Separate names by blanks.',
        )
      const report = await invocation.client().call(contract.removePackages, {
        params: { repo },
        query: {
          ...(base ? { bases: names } : { packages: names }),
          ...(arch === undefined ? {} : { arch }),
          ...(dryRun ? { dry_run: true } : {}),
        },
      })
      await printRemoval(invocation, report)
      return 0
    },
  })
}
