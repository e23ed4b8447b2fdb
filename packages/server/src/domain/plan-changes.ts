import { AppError } from '@vieter/api'
import type { PackageFacts, PackageTexts, StoredPackage } from './stored-package.ts'

/** A package as the plan sees it: one that has a row already, or one that is about to get it. */
export interface PlannedPackage extends PackageFacts {
  /** Undefined until it has a row. */
  id?: number
  /** Undefined when the store has them. */
  texts?: PackageTexts
}

/** The package of each name in one arch-repo. */
export type ArchRepoState = Map<string, PlannedPackage>

/**
 * The state of one repository, its arch-repos by architecture. One that was emptied still exists until it is removed.
 * Of an arch-repo only the names that the changes are about need be there, unless a change is about all of them.
 */
export interface RepositoryState {
  exists: boolean
  archRepos: Map<string, ArchRepoState>
}

export type Change =
  | { kind: 'publish'; packages: readonly StoredPackage[]; replace: boolean }
  | { kind: 'remove-package'; arch: string; name: string }
  | { kind: 'remove-arch-repo'; arch: string }
  | { kind: 'remove-repository' }

interface Rules {
  /** The arch-repo that packages of arch `any` always go to. */
  defaultArch: string
  /** By file name: every package in question that was published, also those removed but still served. Kept up to date here. */
  published: Map<string, PlannedPackage>
}

/** What a change did: the arch-repos that hold its packages now, by file name, and blobs that nobody needs. */
export interface ChangeOutcome {
  archs: Map<string, string[]>
  spareBlobs: string[]
}

/**
 * Applies a change to the state of a repository, in place: all of it or, when it throws, nothing.
 * Throws PACKAGE_EXISTS, PACKAGE_NOT_FOUND and REPOSITORY_NOT_FOUND.
 */
export function applyChange(state: RepositoryState, change: Change, rules: Rules): ChangeOutcome {
  if (change.kind === 'publish') return publish(state, change.packages, change.replace, rules)
  if (change.kind === 'remove-repository') removeRepository(state)
  else removeFrom(state, change)
  return { archs: new Map(), spareBlobs: [] }
}

function removeRepository(state: RepositoryState): void {
  if (!state.exists) throw new AppError('REPOSITORY_NOT_FOUND')
  state.exists = false
  state.archRepos.clear()
}

function removeFrom(state: RepositoryState, change: Change & { arch: string }): void {
  const archRepo = state.archRepos.get(change.arch)
  if (!archRepo) throw new AppError('REPOSITORY_NOT_FOUND')
  if (change.kind === 'remove-arch-repo') state.archRepos.delete(change.arch)
  else if (change.kind === 'remove-package' && !archRepo.delete(change.name))
    throw new AppError('PACKAGE_NOT_FOUND')
}

function publish(
  state: RepositoryState,
  packages: readonly StoredPackage[],
  replace: boolean,
  rules: Rules,
): ChangeOutcome {
  const outcome: ChangeOutcome = { archs: new Map(), spareBlobs: [] }
  const resolved = packages.map((pkg) => resolve(pkg, replace, rules, outcome))
  state.exists = true
  for (const pkg of resolved) {
    const archs =
      pkg.arch === 'any' ? [...new Set([...state.archRepos.keys(), rules.defaultArch])] : [pkg.arch]
    for (const arch of archs) archRepoOf(state, arch).set(pkg.name, pkg)
    rules.published.set(pkg.filename, pkg)
    outcome.archs.set(pkg.filename, archs)
  }
  return outcome
}

/**
 * The same file published twice is one package, with the signature that came last; another file under its name is refused
 * unless it is to replace it.
 */
function resolve(pkg: StoredPackage, replace: boolean, rules: Rules, outcome: ChangeOutcome): PlannedPackage {
  const earlier = rules.published.get(pkg.filename)
  if (!earlier) return plannedOf(pkg)
  if (earlier.sha256 === pkg.sha256) {
    outcome.spareBlobs.push(pkg.blobKey)
    return pkg.signature === '' ? earlier : { ...earlier, signature: pkg.signature }
  }
  if (replace) {
    if (earlier.id === undefined) outcome.spareBlobs.push(earlier.blobKey)
    return plannedOf(pkg)
  }
  throw new AppError('PACKAGE_EXISTS', {
    message: `Another file was published as ${pkg.filename} already (its sha256 is ${earlier.sha256}).`,
  })
}

function plannedOf({ desc, files, ...facts }: StoredPackage): PlannedPackage {
  return { ...facts, texts: { desc, files } }
}

/**
 * What a change reads of its repository: one arch-repo's entries of some names, or, when it makes or removes arch-repos
 * or is about packages for several, all that there is. Changes of different arch-repos don't wait for each other.
 */
export function scopeOf(change: Change, archs: ReadonlySet<string>): string | 'all' {
  if (change.kind === 'remove-package') return change.arch
  if (change.kind !== 'publish') return 'all'
  const [arch = 'any', ...others] = new Set(change.packages.map((pkg) => pkg.arch))
  return others.length === 0 && archs.has(arch) ? arch : 'all'
}

/** Whether all entries of a repository are needed to plan a change, not just those of the names in it. */
export function concernsAll(change: Change, archs: ReadonlySet<string>, defaultArch: string): boolean {
  if (change.kind === 'remove-package') return false
  if (change.kind !== 'publish') return true
  return change.packages.some(({ arch }) => !archs.has(arch === 'any' ? defaultArch : arch))
}

/** The names that a change is about. */
export function namesIn(change: Change): string[] {
  if (change.kind === 'publish') return change.packages.map(({ name }) => name)
  return change.kind === 'remove-package' ? [change.name] : []
}

/** A new arch-repo begins with every package of arch `any` that the repository has. */
function archRepoOf(state: RepositoryState, arch: string): ArchRepoState {
  const known = state.archRepos.get(arch)
  if (known) return known
  const packages: ArchRepoState = new Map()
  for (const other of state.archRepos.values()) {
    for (const pkg of other.values()) if (pkg.arch === 'any') packages.set(pkg.name, pkg)
  }
  state.archRepos.set(arch, packages)
  return packages
}
