import { compareVersions } from '@vieter/alpm'
import { type PlacedPackage, placesIn } from './plan-removals.ts'
import type { PlannedPackage, RepositoryState } from './repository-state.ts'

/**
 * The packages that a split package left behind: of the pkgbase of packages that were published together, but older and
 * not among them. To be asked after they were put in place, and only when they came together, as those of a build do:
 * of packages that come one by one the others may be under way.
 *
 * What was built for one architecture says nothing of what others have: only packages of arch `any`, and of the
 * architectures that came, are left behind. Where nothing but `any` came, that was all that there is.
 */
export function findLeftovers(state: RepositoryState, published: readonly PlannedPackage[]): PlacedPackage[] {
  const groups = Map.groupBy(published, ({ base }) => base)
  return placesIn(state, (pkg) => isLeftBehind(pkg, groups.get(pkg.base) ?? []))
}

function isLeftBehind(pkg: PlannedPackage, others: readonly PlannedPackage[]): boolean {
  if (others.length === 0 || others.some(({ name }) => name === pkg.name)) return false
  const archs = new Set(others.map(({ arch }) => arch))
  const isCovered = pkg.arch === 'any' || archs.has(pkg.arch) || (archs.size === 1 && archs.has('any'))
  return isCovered && others.every(({ version }) => compareVersions(pkg.version, version) < 0)
}
