import type { StoredPackage } from '../domain/stored-package.ts'
import type { Store, StoreTransaction } from './open-store.ts'

/** What an older Vieter did not note of the packages that it staged. */
const unknownBefore = { replaces: [], isDebug: false }

/** Keeps a package of a build that has not ended; returns the key of the blob of an earlier one of the same file name. */
export async function stagePackage(
  trx: StoreTransaction,
  logId: number,
  pkg: StoredPackage,
): Promise<string | undefined> {
  const earlier = await trx
    .deleteFrom('staged_packages')
    .where('log_id', '=', logId)
    .where('filename', '=', pkg.filename)
    .returning('blob_key')
    .executeTakeFirst()
  await trx
    .insertInto('staged_packages')
    .values({ log_id: logId, filename: pkg.filename, blob_key: pkg.blobKey, package: JSON.stringify(pkg) })
    .execute()
  return earlier?.blob_key
}

export async function findStagedPackages(store: Store, logId: number): Promise<StoredPackage[]> {
  const rows = await store
    .selectFrom('staged_packages')
    .select('package')
    .where('log_id', '=', logId)
    .orderBy('id')
    .execute()
  return rows.map((row) => ({ ...unknownBefore, ...(JSON.parse(row.package) as StoredPackage) }))
}

/** Forgets the packages of a build; returns the keys of their blobs. */
export async function takeStagedPackages(store: Store, logId: number): Promise<string[]> {
  const rows = await store
    .deleteFrom('staged_packages')
    .where('log_id', '=', logId)
    .returning('blob_key')
    .execute()
  return rows.map((row) => row.blob_key)
}
