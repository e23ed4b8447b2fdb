import type { Context } from '../context.ts'
import type { StoredBlob } from '../domain/compare-blobs.ts'
import type { Finding, OnProgress } from '../domain/finding.ts'
import { findForgottenPackages } from '../store/entry-faults.ts'
import { findEntriesOf, forgetPackage, forgetStagedPackage, markPackageRemoved } from '../store/repairs.ts'
import { removeEntriesOf } from '../store/repositories.ts'
import { mendDatabases, remakeDatabases } from './remake-databases.ts'

interface Parts
  extends Pick<
    Context,
    'store' | 'blobs' | 'packs' | 'renderers' | 'archRepos' | 'commits' | 'format' | 'clock' | 'log'
  > {
  /** Moves a damaged blob to where a person can look at it. */
  setAside(blob: StoredBlob): Promise<void>
}

/**
 * Does what can be done about findings: blobs that nothing refers to are deleted; databases are written anew from the
 * rows, as a new generation; packages of which the file is missing or damaged are taken out of their databases, and a
 * damaged file is set aside. To be called by whoever holds the lock of the data folder.
 */
export async function repairData(
  parts: Parts,
  findings: readonly Finding[],
  onProgress: OnProgress,
): Promise<void> {
  await mendDatabases(parts)
  await remakeFaulty(parts, findings, onProgress)
  await forgetLost(parts, findings)
  for (const finding of findings) if (finding.kind === 'unknown-blob') await parts.blobs.delete(finding.key)
  for (const finding of await findForgottenPackages(parts.store)) {
    if (finding.kind !== 'package') continue
    await markPackageRemoved(parts.store, finding.packageId, parts.clock())
  }
}

/** Takes out entries that no database can hold, and writes the databases of their arch-repos, and damaged ones, anew. */
async function remakeFaulty(
  parts: Parts,
  findings: readonly Finding[],
  onProgress: OnProgress,
): Promise<void> {
  const entries = findings.flatMap((finding) => (finding.kind === 'entry' ? finding : []))
  await parts.store.transaction().execute(async (trx) => {
    for (const { archRepoId, name } of entries) await removeEntriesOf(trx, archRepoId, [name])
  })
  const ids = new Set(entries.map(({ archRepoId }) => archRepoId))
  const faulty = parts.archRepos
    .all()
    .filter(({ id, repository, arch }) => ids.has(id) || isDamaged(findings, repository, arch))
  for (const [index, archRepo] of faulty.entries()) {
    onProgress('writing databases', index, faulty.length)
    await remakeDatabases(parts, archRepo)
  }
}

function isDamaged(findings: readonly Finding[], repository: string, arch: string): boolean {
  return findings.some(
    (finding) => finding.kind === 'database' && finding.repository === repository && finding.arch === arch,
  )
}

/** Nothing brings a lost file back: its package goes, so that no client is promised what cannot be had. */
async function forgetLost(parts: Parts, findings: readonly Finding[]): Promise<void> {
  const lost = findings.flatMap((finding) =>
    finding.kind === 'missing-blob' || finding.kind === 'damaged-blob' ? finding : [],
  )
  // Set aside first: a file of which the row is gone is deleted at the next start.
  for (const { kind, blob } of lost) if (kind === 'damaged-blob') await parts.setAside(blob)
  await Promise.all(lost.map(({ blob }) => forgetBlob(parts, blob)))
}

async function forgetBlob({ store, commits }: Parts, blob: StoredBlob): Promise<void> {
  if (blob.state === 'staged') return forgetStagedPackage(store, blob.id)
  // One of arch `any` leaves all of them.
  const [entry] = await findEntriesOf(store, blob.id)
  if (entry) {
    const { arch, name } = entry
    await commits.submit(blob.repository, { kind: 'remove-packages', names: [name], bases: [], arch })
  }
  await store.transaction().execute((trx) => forgetPackage(trx, blob.id))
}
