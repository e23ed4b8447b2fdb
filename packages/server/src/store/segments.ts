import { databaseKinds, type Manifest, type Segment } from '../databases/manifest.ts'
import { batches } from './batches.ts'
import type { Store, StoreTransaction } from './open-store.ts'

/** What the current databases of an arch-repo are strung from. */
export async function loadManifest(store: Store, archRepoId: number): Promise<Manifest> {
  const rows = await store
    .selectFrom('segments')
    .select(['kind', 'first_name as firstName', 'pack', 'position', 'length', 'size', 'crc32'])
    .where('arch_repo_id', '=', archRepoId)
    .orderBy('kind')
    .orderBy('first_name')
    .execute()
  const manifest = { db: [] as Segment[], files: [] as Segment[] }
  for (const { kind, ...segment } of rows) manifest[kind].push(segment)
  return manifest
}

/** Replaces the rows of the segments in which two manifests differ. */
export async function saveManifest(
  trx: StoreTransaction,
  archRepoId: number,
  { before, after }: { before: Manifest; after: Manifest },
): Promise<void> {
  for (const kind of databaseKinds) {
    const kept = new Set(after[kind])
    const old = new Set(before[kind])
    const fresh = after[kind].filter((segment) => !old.has(segment))
    const gone = before[kind].flatMap((segment) => (kept.has(segment) ? [] : segment.firstName))
    for (const names of batches(gone)) {
      await trx
        .deleteFrom('segments')
        .where('arch_repo_id', '=', archRepoId)
        .where('kind', '=', kind)
        .where('first_name', 'in', names)
        .execute()
    }
    for (const batch of batches(fresh)) {
      const rows = batch.map(({ firstName, ...segment }) => {
        return { arch_repo_id: archRepoId, kind, first_name: firstName, ...segment }
      })
      await trx.insertInto('segments').values(rows).execute()
    }
  }
}

export async function deleteManifest(trx: StoreTransaction, archRepoId: number): Promise<void> {
  await trx.deleteFrom('segments').where('arch_repo_id', '=', archRepoId).execute()
}
