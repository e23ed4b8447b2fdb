import type { StoredPackage } from '../domain/stored-package.ts'
import type { Store, StoreTransaction } from './open-store.ts'
import type { HolderKind } from './tables.ts'

/** What an older Vieter did not note of the packages that it staged. */
const unknownBefore = { replaces: [], isDebug: false }

/** What packages wait for unseen: the end of a build, by the id of its log, or the commit of a publication. */
export interface Holder {
  kind: HolderKind
  id: number
}

/** Keeps a package for its holder; returns the key of the blob of an earlier one of the same file name. */
export async function stagePackage(
  trx: StoreTransaction,
  { kind, id }: Holder,
  pkg: StoredPackage,
): Promise<string | undefined> {
  const earlier = await trx
    .deleteFrom('staged_packages')
    .where('holder', '=', kind)
    .where('holder_id', '=', id)
    .where('filename', '=', pkg.filename)
    .returning('blob_key')
    .executeTakeFirst()
  await trx
    .insertInto('staged_packages')
    .values({
      holder: kind,
      holder_id: id,
      filename: pkg.filename,
      blob_key: pkg.blobKey,
      package: JSON.stringify(pkg),
    })
    .execute()
  return earlier?.blob_key
}

export async function findStagedPackages(store: Store, { kind, id }: Holder): Promise<StoredPackage[]> {
  const rows = await store
    .selectFrom('staged_packages')
    .select('package')
    .where('holder', '=', kind)
    .where('holder_id', '=', id)
    .orderBy('id')
    .execute()
  return rows.map((row) => ({ ...unknownBefore, ...(JSON.parse(row.package) as StoredPackage) }))
}

/** Forgets the packages of a holder; returns the keys of their blobs. */
export async function takeStagedPackages(store: Store, { kind, id }: Holder): Promise<string[]> {
  const rows = await store
    .deleteFrom('staged_packages')
    .where('holder', '=', kind)
    .where('holder_id', '=', id)
    .returning('blob_key')
    .execute()
  return rows.map((row) => row.blob_key)
}
