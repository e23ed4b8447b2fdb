import type { KeptPackage } from '../domain/retention.ts'
import { batches } from './batches.ts'
import type { Store, StoreTransaction } from './open-store.ts'

/** The packages that were removed before a time (UTC epoch seconds), and all others of the same names, newest first. */
export async function findRemovedBefore(store: Store, time: number): Promise<KeptPackage[]> {
  const rows = await store
    .selectFrom('packages')
    .select(['id', 'repository_id', 'name', 'arch', 'version', 'removed_at'])
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('packages as removed')
          .select('removed.id')
          .whereRef('removed.repository_id', '=', 'packages.repository_id')
          .whereRef('removed.name', '=', 'packages.name')
          .where('removed.removed_at', '<', time),
      ),
    )
    .orderBy('id', 'desc')
    .execute()
  return rows.map(({ id, repository_id, name, arch, version, removed_at }) => ({
    id,
    package: `${repository_id} ${name} ${arch}`,
    version,
    isCurrent: removed_at === null,
    isNeeded: removed_at === null || removed_at >= time,
  }))
}

/** Forgets packages; returns the keys of their blobs. */
export async function takePackages(trx: StoreTransaction, ids: readonly number[]): Promise<string[]> {
  const keys: string[] = []
  for (const batch of batches(ids)) {
    const rows = await trx.deleteFrom('packages').where('id', 'in', batch).returning('blob_key').execute()
    keys.push(...rows.map((row) => row.blob_key))
  }
  return keys
}
