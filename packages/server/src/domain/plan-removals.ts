import { AppError } from '@vieter/api'
import type { PlannedPackage, RepositoryState } from './repository-state.ts'

/** What is to go from a repository: packages by their names and pkgbases, an arch-repo, or all of it. */
export type Removal =
  | {
      kind: 'remove-packages'
      names: readonly string[]
      bases: readonly string[]
      /** Looked for in this arch-repo alone; in all of them when left out. */
      arch?: string | undefined
    }
  /** In the repository for debug packages: those of pkgbases that go elsewhere, as far as there are any. */
  | { kind: 'remove-debug-packages'; bases: readonly string[]; arch?: string | undefined }
  | { kind: 'remove-arch-repo'; arch: string }
  | { kind: 'remove-repository' }

/** A package and the arch-repos that it is in, or was in. */
export interface PlacedPackage {
  pkg: PlannedPackage
  archs: string[]
}

/** What a removal took away. */
export interface Removed {
  /** In the order of their names; `isGone`: no arch-repo holds it any more, so that its file goes after its grace period. */
  packages: (PlacedPackage & { isGone: boolean })[]
  /** The arch-repos that are no more. */
  archs: string[]
  /** Whether the repository is no more. */
  repository: boolean
}

/**
 * Takes out of a repository what is to go, in place: all of it or, when it throws, nothing. A package of arch `any` leaves
 * all arch-repos, whichever it was looked for in. Throws PACKAGE_NOT_FOUND, also when one of several is not there, and
 * REPOSITORY_NOT_FOUND.
 */
export function applyRemoval(state: RepositoryState, removal: Removal): Removed {
  if (!state.exists) throw new AppError('REPOSITORY_NOT_FOUND')
  if (removal.kind === 'remove-packages') {
    const placed = takeOut(state, findPackages(state, removal))
    return { packages: withFate(state, placed), archs: [], repository: false }
  }
  if (removal.kind === 'remove-debug-packages') {
    const placed = takeOut(state, findDebugPackages(state, removal))
    return { packages: withFate(state, placed), archs: [], repository: false }
  }
  const all = placesIn(state, () => true)
  const archs = removal.kind === 'remove-arch-repo' ? [removal.arch] : [...state.archRepos.keys()]
  for (const arch of archs) if (!state.archRepos.delete(arch)) throw new AppError('REPOSITORY_NOT_FOUND')
  if (removal.kind === 'remove-repository') state.exists = false
  const left = all.map((one) => ({ ...one, archs: one.archs.filter((arch) => archs.includes(arch)) }))
  const packages = withFate(
    state,
    left.filter((one) => one.archs.length > 0),
  )
  return { packages, archs, repository: !state.exists }
}

/** Takes packages out of all arch-repos that hold them; one of arch `any` goes by its name. */
export function takeOut(state: RepositoryState, packages: ReadonlySet<PlannedPackage>): PlacedPackage[] {
  const everywhere = new Set([...packages].flatMap(({ arch, name }) => (arch === 'any' ? name : [])))
  const placed = placesIn(state, (pkg) => (pkg.arch === 'any' ? everywhere.has(pkg.name) : packages.has(pkg)))
  for (const { pkg, archs } of placed) for (const arch of archs) state.archRepos.get(arch)?.delete(pkg.name)
  return placed
}

/** The packages that fit, each with the arch-repos that hold it, in the order of their names. */
export function placesIn(state: RepositoryState, fits: (pkg: PlannedPackage) => boolean): PlacedPackage[] {
  const places = new Map<PlannedPackage, string[]>()
  for (const [arch, archRepo] of state.archRepos) {
    for (const pkg of archRepo.values()) if (fits(pkg)) places.set(pkg, [...(places.get(pkg) ?? []), arch])
  }
  return [...places]
    .map(([pkg, archs]) => ({ pkg, archs }))
    .sort((a, b) => (a.pkg.filename < b.pkg.filename ? -1 : 1))
}

function findPackages(
  state: RepositoryState,
  { names, bases, arch }: Removal & { kind: 'remove-packages' },
): Set<PlannedPackage> {
  if (arch !== undefined && !state.archRepos.has(arch)) throw new AppError('REPOSITORY_NOT_FOUND')
  const found = placesIn(state, ({ name, base }) => names.includes(name) || bases.includes(base))
    .filter(({ archs }) => arch === undefined || archs.includes(arch))
    .map(({ pkg }) => pkg)
  const where = arch === undefined ? '' : ` for ${arch}`
  for (const name of names) {
    if (!found.some((pkg) => pkg.name === name))
      throw new AppError('PACKAGE_NOT_FOUND', { message: `There is no package ${name}${where}.` })
  }
  for (const base of bases) {
    if (!found.some((pkg) => pkg.base === base))
      throw new AppError('PACKAGE_NOT_FOUND', {
        message: `There is no package of the pkgbase ${base}${where}.`,
      })
  }
  return new Set(found)
}

/** makepkg names them after their pkgbase. */
function findDebugPackages(
  state: RepositoryState,
  { bases, arch }: Removal & { kind: 'remove-debug-packages' },
): Set<PlannedPackage> {
  const found = placesIn(state, ({ name, base }) => bases.includes(base) && name === `${base}-debug`)
  return new Set(found.flatMap(({ pkg, archs }) => (arch === undefined || archs.includes(arch) ? pkg : [])))
}

function withFate(state: RepositoryState, placed: readonly PlacedPackage[]): Removed['packages'] {
  const held = new Set([...state.archRepos.values()].flatMap((archRepo) => [...archRepo.values()]))
  return placed.map((one) => ({ ...one, isGone: !held.has(one.pkg) }))
}
