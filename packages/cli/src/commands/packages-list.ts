import type { PackageSummary } from '@vieter/api'
import { type Command, Option } from 'commander'
import { formatBytes } from '../byte-size.ts'
import { addCommand, jsonOption, pageOptions, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { formatLocalTime } from '../local-time.ts'
import type { Column } from '../output.ts'
import type { PageOptions } from '../pages.ts'
import { collectPackages, identity } from './packages-found.ts'
import { type PlaceOptions, placeOptions } from './packages-place.ts'

interface ListOptions extends PageOptions, PlaceOptions {
  query?: string
  base?: string
  provides?: string
}

const columns: readonly Column<PackageSummary>[] = [
  ...identity,
  { heading: 'size', value: (pkg) => formatBytes(pkg.size) },
  { heading: 'published', value: (pkg) => formatLocalTime(pkg.published_at) },
]

export function addPackagesListCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'list',
    description: 'list the packages',
    options: [
      ...pageOptions(),
      ...placeOptions(),
      new Option('-q, --query <text>', 'only those whose name or description holds these words'),
      new Option('--base <pkgbase>', 'only those that were built from this pkgbase'),
      new Option('--provides <name>', 'only those that are or provide this; also NAME=VERSION'),
      jsonOption(),
    ],
    examples: ['vieter packages list --repo vieter', 'vieter packages list --provides sh --limit 100'],
    async run(invocation: Invocation<ListOptions>) {
      const { options } = invocation
      const { query, base, provides } = options
      const packages = await collectPackages(invocation.openClient(), options, {
        ...(query === undefined ? {} : { query }),
        ...(base === undefined ? {} : { base }),
        ...(provides === undefined ? {} : { provides }),
      })
      await invocation.printList(columns, packages, 'No packages.')
      return 0
    },
  })
}
