import type { Policies } from '@vieter/api'
import type { StoredPackage } from './stored-package.ts'

/**
 * Whether a package holds the debug symbols of others. makepkg says so in .PKGINFO (`xdata = pkgtype=debug`) since
 * pacman 6.1, and has named them PKGBASE-debug ever since.
 */
export function isDebugPackage({
  name,
  base,
  xdata,
}: {
  name: string
  base: string
  xdata: readonly string[]
}): boolean {
  const type = xdata.find((each) => each.startsWith('pkgtype='))
  return type === undefined ? name === `${base}-debug` : type === 'pkgtype=debug'
}

/** Packages by where they go. */
export interface SortedPackages {
  here: StoredPackage[]
  /** Into the repository for debug packages. */
  separate: StoredPackage[]
  /** Nowhere. */
  dropped: StoredPackage[]
}

export function sortDebugPackages(
  packages: readonly StoredPackage[],
  { debug_packages }: Pick<Policies, 'debug_packages'>,
): SortedPackages {
  if (debug_packages === 'keep') return { here: [...packages], separate: [], dropped: [] }
  const here = packages.filter(({ isDebug }) => !isDebug)
  const debug = packages.filter(({ isDebug }) => isDebug)
  return debug_packages === 'separate'
    ? { here, separate: debug, dropped: [] }
    : { here, separate: [], dropped: debug }
}
