import type { StoredBlob } from '../domain/compare-blobs.ts'
import type { StoredPackage } from '../domain/stored-package.ts'
import type { Store } from './open-store.ts'

/** All blobs that rows speak of, or the one under a key: of packages, and of those that nobody sees yet. */
export async function findStoredBlobs(store: Store, key?: string): Promise<StoredBlob[]> {
  const published = store
    .selectFrom('packages')
    .innerJoin('repositories', 'repositories.id', 'packages.repository_id')
    .select(['packages.id as id', 'repositories.name as repository', 'filename', 'size', 'sha256'])
    .select('blob_key as key')
  const staged = store
    .selectFrom('staged_packages')
    .select(['id', 'blob_key as key', 'package', 'holder', 'holder_id'])
  const packages = await (key === undefined ? published : published.where('blob_key', '=', key)).execute()
  const waiting = await (key === undefined ? staged : staged.where('blob_key', '=', key)).execute()
  return [
    ...packages.map((row): StoredBlob => ({ ...row, state: 'published' })),
    ...waiting.map((row): StoredBlob => {
      const { filename, size, sha256 } = JSON.parse(row.package) as StoredPackage
      return {
        id: row.id,
        key: row.key,
        repository: `${row.holder} ${row.holder_id}`,
        filename,
        size,
        sha256,
        state: 'staged',
      }
    }),
  ]
}
