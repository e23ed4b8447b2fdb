import type { PackageSummary } from '@vieter/api'
import { Argument, type Command } from 'commander'
import { addCommand, jsonOption, pageOptions, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import type { Column } from '../output.ts'
import type { PageOptions } from '../pages.ts'
import { collectPackages, identity } from './packages-found.ts'
import { type PlaceOptions, placeOptions } from './packages-place.ts'

const columns: readonly Column<PackageSummary>[] = [
  ...identity,
  { heading: 'description', value: (pkg) => pkg.description },
]

export function addPackagesSearchCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'search',
    description: 'search the names and descriptions of packages, the best names first',
    arguments: [new Argument('<terms...>', 'what must all be there, in either case')],
    options: [...pageOptions(), ...placeOptions(), jsonOption()],
    examples: ['vieter packages search image viewer'],
    async run(invocation: Invocation<PageOptions & PlaceOptions>, terms: string[]) {
      const query = terms.join(' ')
      const packages = await collectPackages(invocation.openClient(), invocation.options, { query })
      await invocation.printList(columns, packages, 'No package is like it.')
      return 0
    },
  })
}
