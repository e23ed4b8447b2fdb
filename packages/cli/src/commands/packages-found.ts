import { type Client, contract, type PackageSummary } from '@vieter/api'
import type { Column } from '../output.ts'
import { collectPages, type PageOptions } from '../pages.ts'
import { type PlaceOptions, placeOf } from './packages-place.ts'

/** Where a package is, and which it is: with what every list of packages begins. */
export const identity: readonly Column<PackageSummary>[] = [
  { heading: 'repo', value: (pkg) => pkg.repo },
  { heading: 'arch', value: (pkg) => pkg.arch },
  { heading: 'name', value: (pkg) => pkg.name },
  { heading: 'version', value: (pkg) => pkg.version },
]

/** Fetches what fits, in all the pages that are asked for. */
export function collectPackages(
  client: Client,
  options: PageOptions & PlaceOptions,
  wanted: { query?: string; base?: string; provides?: string; file?: string },
): Promise<readonly PackageSummary[]> {
  return collectPages(options, (page) =>
    client.call(contract.listPackages, { query: { ...page, ...placeOf(options), ...wanted } }),
  )
}
