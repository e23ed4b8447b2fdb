import { AppError, type Policies, type Published, type PublishWarning } from '@vieter/api'
import type { Context } from '../context.ts'
import { sortDebugPackages } from '../domain/debug-packages.ts'
import { claimedNames, describeClaim } from '../domain/official-names.ts'
import { debugRepositoryOf } from '../domain/policies.ts'
import type { Insistence } from '../domain/publish-rules.ts'
import { parseRepository } from '../domain/repository-name.ts'
import type { StoredPackage } from '../domain/stored-package.ts'
import { findListedNames } from '../store/name-lists.ts'
import type { RepositoryChange } from './commit-group.ts'
import type { Alongside } from './commit-state.ts'

type Parts = Pick<Context, 'store' | 'reader' | 'blobs' | 'policies' | 'commits' | 'log'>

interface PackagesInput extends Insistence {
  repository: string
  packages: readonly StoredPackage[]
}

/**
 * Publishes packages whose blobs are stored as the policies of the repository have it: all of them, also those that go
 * into the repository for debug packages, in one transaction with `alongside`, or none. Blobs of those that go nowhere are
 * deleted. Throws REPOSITORY_NAME_INVALID, OFFICIAL_NAME, and what `applyChange` and `alongside` throw.
 */
export async function commitPackages(
  parts: Parts,
  { repository, packages, ...insistence }: PackagesInput,
  alongside?: Alongside,
): Promise<Published[]> {
  const policies = parts.policies.of(repository)
  const { here, separate, dropped } = sortDebugPackages(packages, policies)
  const claims = await findClaims(parts.reader, [...here, ...separate], policies)
  const publish = (name: string, some: readonly StoredPackage[]): RepositoryChange[] =>
    some.length === 0
      ? []
      : [{ repository: name, change: { kind: 'publish', packages: some, ...insistence } }]
  const aside = separate.length === 0 ? repository : parseRepository(debugRepositoryOf(repository))
  const archs = await commit(parts, [...publish(repository, here), ...publish(aside, separate)], alongside)
  for (const { blobKey } of dropped) await parts.blobs.delete(blobKey)
  return packages.map((pkg) => {
    const { name, version, filename } = pkg
    const warnings = dropped.includes(pkg) ? [droppedWarning(pkg)] : (claims.get(pkg) ?? [])
    for (const warning of warnings) parts.log.warn({ repository, filename, ...warning }, warning.message)
    return {
      name,
      version,
      archs: archs.get(filename) ?? [],
      ...(separate.includes(pkg) ? { repo: aside } : {}),
      ...(warnings.length > 0 ? { warnings } : {}),
    }
  })
}

async function commit(
  { commits, store }: Parts,
  changes: readonly RepositoryChange[],
  alongside: Alongside | undefined,
): Promise<ReadonlyMap<string, string[]>> {
  if (changes.length > 0) return (await commits.submitAll(changes, alongside)).archs
  const nothing = { archs: new Map<string, string[]>(), spareBlobs: [] }
  if (alongside) await store.transaction().execute((trx) => alongside(trx, nothing))
  return nothing.archs
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
