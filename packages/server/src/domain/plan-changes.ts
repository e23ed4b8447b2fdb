import { compareVersions } from '@vieter/alpm'
import { AppError, type Policies } from '@vieter/api'
import { applyRemoval, type PlacedPackage, type Removal, type Removed, takeOut } from './plan-removals.ts'
import { changePolicies, listedArchs, type OwnPolicies, type PolicyChanges } from './policies.ts'
import {
  checkBytes,
  checkSuccession,
  destinationsOf,
  type Insistence,
  type PublishRules,
} from './publish-rules.ts'
import type { ArchRepoState, PlannedPackage, RepositoryState } from './repository-state.ts'
import { findLeftovers } from './split-leftovers.ts'
import type { StoredPackage } from './stored-package.ts'

export type Change = Publishing | Configuring | Removal

interface Publishing extends Insistence {
  kind: 'publish'
  packages: readonly StoredPackage[]
  /** What becomes of packages that their pkgbase lost; left out where packages come one by one. */
  leftovers?: 'report' | 'remove'
}

interface Configuring {
  kind: 'configure'
  changes: PolicyChanges
  /** The repository is to come into being with it. */
  isNew: boolean
}

/** What changes are judged by, kept up to date here. */
export interface Rules extends PublishRules {
  published: Map<string, PlannedPackage>
  /** The policies that the repository has of its own. */
  own: OwnPolicies
  /** The policies that it has with these of its own. */
  policiesWith(own: OwnPolicies): Policies
}

/** What a change did: the arch-repos that hold its packages now, by file name, blobs that nobody needs, and what went. */
export interface ChangeOutcome {
  archs: Map<string, string[]>
  spareBlobs: string[]
  removed: Removed
  /** What older versions of the pkgbases had and these have not; taken away when the change says so. */
  leftovers: PlacedPackage[]
}

/**
 * Applies a change to the state of a repository, in place: all of it or, when it throws, nothing.
 * Throws PACKAGE_EXISTS, PACKAGE_DOWNGRADE, ARCHITECTURE_REFUSED, PACKAGE_NOT_FOUND, REPOSITORY_NOT_FOUND and
 * REPOSITORY_EXISTS.
 */
export function applyChange(state: RepositoryState, change: Change, rules: Rules): ChangeOutcome {
  if (change.kind === 'publish') return publish(state, change, rules)
  if (change.kind !== 'configure') return { ...noOutcome(), removed: applyRemoval(state, change) }
  configure(state, change, rules)
  return noOutcome()
}

function noOutcome(): ChangeOutcome {
  const removed = { packages: [], archs: [], repository: false }
  return { archs: new Map(), spareBlobs: [], removed, leftovers: [] }
}

function configure(state: RepositoryState, { changes, isNew }: Configuring, rules: Rules): void {
  if (isNew && state.exists) throw new AppError('REPOSITORY_EXISTS')
  if (!isNew && !state.exists) throw new AppError('REPOSITORY_NOT_FOUND')
  state.exists = true
  rules.own = changePolicies(rules.own, changes)
  rules.policies = rules.policiesWith(rules.own)
  makeListed(state, rules)
}

/** The arch-repos that are listed exist, also without packages. */
function makeListed(state: RepositoryState, { policies }: Rules): void {
  for (const arch of listedArchs(policies) ?? []) archRepoOf(state, arch)
}

function publish(
  state: RepositoryState,
  { packages, leftovers, ...insistence }: Publishing,
  rules: Rules,
): ChangeOutcome {
  const outcome = noOutcome()
  const placed = packages.map((pkg) => {
    checkBytes(pkg, insistence, rules)
    const archs = destinationsOf(pkg, state.archRepos.keys(), rules)
    const resolved = resolve(pkg, rules, outcome)
    for (const arch of archs)
      checkSuccession(resolved, { arch, present: findPresent(state, arch, pkg.name) }, insistence, rules)
    return { pkg: resolved, archs }
  })
  state.exists = true
  makeListed(state, rules)
  for (const { pkg, archs } of placed) {
    for (const arch of archs) archRepoOf(state, arch).set(pkg.name, pkg)
    rules.published.set(pkg.filename, pkg)
    outcome.archs.set(pkg.filename, [...archs])
  }
  if (leftovers) {
    outcome.leftovers = findLeftovers(
      state,
      placed.map(({ pkg }) => pkg),
    )
  }
  if (leftovers === 'remove') takeOut(state, new Set(outcome.leftovers.map(({ pkg }) => pkg)))
  return outcome
}

/** The same file published twice is one package, with the signature that came last. */
function resolve(pkg: StoredPackage, { published }: Rules, outcome: ChangeOutcome): PlannedPackage {
  const earlier = published.get(pkg.filename)
  if (!earlier) return plannedOf(pkg)
  if (earlier.sha256 === pkg.sha256) {
    outcome.spareBlobs.push(pkg.blobKey)
    return pkg.signature === '' ? earlier : { ...earlier, signature: pkg.signature }
  }
  if (earlier.id === undefined) outcome.spareBlobs.push(earlier.blobKey)
  return plannedOf(pkg)
}

/** The package of a name that an arch-repo has, or would begin with. */
function findPresent(state: RepositoryState, arch: string, name: string): PlannedPackage | undefined {
  return (state.archRepos.get(arch) ?? firstPackages(state)).get(name)
}

function plannedOf({
  desc,
  files,
  extra,
  replaces: _names,
  isDebug: _kind,
  ...facts
}: StoredPackage): PlannedPackage {
  return { ...facts, texts: { desc, files, extra } }
}

/** What tells how much of a repository a change is about: its arch-repos, and where packages of arch `any` go. */
interface Extent {
  archs: ReadonlySet<string>
  policies: Policies
  defaultArch: string
}

/**
 * What a change reads of its repository: one arch-repo's entries of some names, or, when it makes or removes arch-repos
 * or is about packages for several, all that there is. Changes of different arch-repos don't wait for each other.
 */
export function scopeOf(change: Change, extent: Extent): string | 'all' {
  const [first = 'all', ...more] = extent.archs
  // What goes may be of arch `any`, and then leaves all of them.
  if (takesAway(change) && more.length > 0) return 'all'
  if (change.kind !== 'publish' && takesAway(change)) return first
  if (change.kind !== 'publish' || concernsAll(change, extent)) return 'all'
  const [arch = 'any', ...others] = new Set(change.packages.map((pkg) => pkg.arch))
  return others.length === 0 && extent.archs.has(arch) ? arch : 'all'
}

/** Whether a change takes away packages that it does not know yet. */
function takesAway(change: Change): boolean {
  if (change.kind === 'publish') return change.leftovers === 'remove'
  return change.kind === 'remove-packages' || change.kind === 'remove-debug-packages'
}

/** Whether all entries of a repository are needed to plan a change, not just those of the names in it. */
export function concernsAll(change: Change, { archs, policies, defaultArch }: Extent): boolean {
  if (change.kind === 'remove-packages' || change.kind === 'remove-debug-packages') return false
  if (change.kind !== 'publish') return true
  const listed = listedArchs(policies)
  if (listed?.some((arch) => !archs.has(arch))) return true
  return change.packages.some(({ arch }) => !archs.has(arch === 'any' ? (listed?.[0] ?? defaultArch) : arch))
}

/** The names that a change is about. */
export function namesIn(change: Change): readonly string[] {
  if (change.kind === 'publish') return change.packages.map(({ name }) => name)
  return change.kind === 'remove-packages' ? change.names : []
}

/** The pkgbases that a change is about: all packages of them. */
export function basesIn(change: Change): readonly string[] {
  if (change.kind === 'publish') return change.leftovers ? change.packages.map(({ base }) => base) : []
  const isOfBases = change.kind === 'remove-packages' || change.kind === 'remove-debug-packages'
  return isOfBases ? change.bases : []
}

function archRepoOf(state: RepositoryState, arch: string): ArchRepoState {
  const known = state.archRepos.get(arch)
  if (known) return known
  const packages = firstPackages(state)
  state.archRepos.set(arch, packages)
  return packages
}

/** A new arch-repo begins with every package of arch `any` that the repository has, in the highest version. */
function firstPackages(state: RepositoryState): ArchRepoState {
  const packages: ArchRepoState = new Map()
  for (const other of state.archRepos.values()) {
    for (const pkg of other.values()) {
      const earlier = packages.get(pkg.name)
      if (pkg.arch !== 'any') continue
      if (!earlier || compareVersions(pkg.version, earlier.version) > 0) packages.set(pkg.name, pkg)
    }
  }
  return packages
}
