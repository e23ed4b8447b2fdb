import {
  AppError,
  type Leftover,
  type Policies,
  type Published,
  type PublishedTogether,
  type PublishWarning,
} from '@vieter/api'
import type { Context } from '../context.ts'
import { type SortedPackages, sortDebugPackages } from '../domain/debug-packages.ts'
import { claimedNames, describeClaim } from '../domain/official-names.ts'
import type { ChangeOutcome } from '../domain/plan-changes.ts'
import { debugRepositoryOf } from '../domain/policies.ts'
import type { Insistence } from '../domain/publish-rules.ts'
import { parseRepository } from '../domain/repository-name.ts'
import type { StoredPackage } from '../domain/stored-package.ts'
import { findListedNames } from '../store/name-lists.ts'
import type { StoreTransaction } from '../store/open-store.ts'
import type { RepositoryChange } from './commit-group.ts'

type Parts = Pick<Context, 'store' | 'reader' | 'blobs' | 'policies' | 'commits' | 'log'>

interface PackagesInput extends Insistence {
  repository: string
  packages: readonly StoredPackage[]
  /** What becomes of packages that their pkgbase lost; left out where packages come one by one. */
  leftovers?: 'report' | 'remove'
}

/** Writes that become true together with the packages; throwing refuses them. */
type Ending = (trx: StoreTransaction, together: PublishedTogether) => Promise<void>

/** Packages by where they go, and what is to be said of them. */
interface Sorted extends SortedPackages {
  /** The repository for debug packages. */
  aside: string
  warnings: ReadonlyMap<StoredPackage, PublishWarning[]>
}

/**
 * Publishes packages whose blobs are stored as the policies of the repository have it: all of them, also those that go
 * into the repository for debug packages, in one transaction with `ending`, or none. Blobs of those that go nowhere are
 * deleted. Throws REPOSITORY_NAME_INVALID, OFFICIAL_NAME, and what `applyChange` and `ending` throw.
 */
export async function commitPackages(
  parts: Parts,
  { repository, packages, ...demands }: PackagesInput,
  ending?: Ending,
): Promise<PublishedTogether> {
  const sorted = await sortPackages(parts, repository, packages)
  const publish = (name: string, some: readonly StoredPackage[]): RepositoryChange[] =>
    some.length === 0 ? [] : [{ repository: name, change: { kind: 'publish', packages: some, ...demands } }]
  const changes = [...publish(repository, sorted.here), ...publish(sorted.aside, sorted.separate)]
  const tell = (outcomes: readonly ChangeOutcome[]): PublishedTogether => ({
    published: packages.map((pkg) => describePublished(pkg, sorted, outcomes)),
    leftovers: describeLeftovers(outcomes, demands.leftovers === 'remove'),
  })
  const outcomes = await commit(parts, changes, async (trx, planned) => ending?.(trx, tell(planned)))
  for (const { blobKey } of sorted.dropped) await parts.blobs.delete(blobKey)
  for (const [{ filename }, warnings] of sorted.warnings) {
    for (const warning of warnings) parts.log.warn({ repository, filename, ...warning }, warning.message)
  }
  return tell(outcomes)
}

async function sortPackages(
  { policies, reader }: Parts,
  repository: string,
  packages: readonly StoredPackage[],
): Promise<Sorted> {
  const own = policies.of(repository)
  const sorted = sortDebugPackages(packages, own)
  const { here, separate, dropped } = sorted
  const claims = await findClaims(reader, [...here, ...separate], own)
  const warnings = new Map(claims)
  for (const pkg of dropped) warnings.set(pkg, [droppedWarning(pkg)])
  const aside = separate.length === 0 ? repository : parseRepository(debugRepositoryOf(repository))
  return { ...sorted, aside, warnings }
}

async function commit(
  { commits, store }: Parts,
  changes: readonly RepositoryChange[],
  alongside: (trx: StoreTransaction, outcomes: readonly ChangeOutcome[]) => Promise<void>,
): Promise<readonly ChangeOutcome[]> {
  if (changes.length > 0) return commits.submitAll(changes, alongside)
  await store.transaction().execute((trx) => alongside(trx, []))
  return []
}

function describePublished(
  pkg: StoredPackage,
  { aside, separate, warnings }: Sorted,
  outcomes: readonly ChangeOutcome[],
): Published {
  const { name, version, filename } = pkg
  const said = warnings.get(pkg)
  return {
    name,
    version,
    archs: outcomes.flatMap(({ archs }) => archs.get(filename) ?? []),
    ...(separate.includes(pkg) ? { repo: aside } : {}),
    ...(said ? { warnings: said } : {}),
  }
}

function describeLeftovers(outcomes: readonly ChangeOutcome[], removed: boolean): Leftover[] {
  const all = outcomes.flatMap(({ leftovers }) => leftovers)
  return all.map(({ pkg: { name, base, version }, archs }) => ({ name, base, version, archs, removed }))
}

/** What is to be said of packages that claim official names. Throws OFFICIAL_NAME where that is refused. */
async function findClaims(
  reader: Context['reader'],
  packages: readonly StoredPackage[],
  { official_names }: Policies,
): Promise<Map<StoredPackage, PublishWarning[]>> {
  const claims = new Map<StoredPackage, PublishWarning[]>()
  if (official_names === 'allow') return claims
  const listed = await findListedNames(reader, packages.flatMap(claimedNames))
  for (const pkg of packages) {
    const message = describeClaim(pkg, listed)
    if (message === undefined) continue
    if (official_names === 'refuse') throw new AppError('OFFICIAL_NAME', { message })
    claims.set(pkg, [{ code: 'OFFICIAL_NAME', message }])
  }
  return claims
}

function droppedWarning({ name }: StoredPackage): PublishWarning {
  return {
    code: 'DEBUG_PACKAGE_DROPPED',
    message: `${name} is a debug package, which the repository does not keep.`,
  }
}
