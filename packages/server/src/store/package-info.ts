import type { Store } from './open-store.ts'

/** All that the store has of a package in one arch-repo, its list of files left out. Sizes are bytes, times UTC epoch seconds. */
export interface PackageInfoRow {
  id: number
  repositoryId: number
  name: string
  version: string
  base: string
  description: string
  installedSize: number
  buildDate: number
  arch: string
  filename: string
  size: number
  sha256: string
  signature: string
  blobKey: string
  publishedAt: number
  desc: string
  extra: string | null
}

export async function findPackageInfo(
  store: Store,
  archRepoId: number,
  name: string,
): Promise<PackageInfoRow | undefined> {
  return store
    .selectFrom('entries')
    .innerJoin('packages', 'packages.id', 'entries.package_id')
    .innerJoin('package_texts', 'package_texts.package_id', 'entries.package_id')
    .select([
      'packages.id as id',
      'repository_id as repositoryId',
      'packages.name as name',
      'version',
      'arch',
    ])
    .select(['filename', 'size', 'sha256', 'signature', 'blob_key as blobKey', 'desc', 'extra'])
    .select(['base', 'description', 'installed_size as installedSize', 'build_date as buildDate'])
    .select('published_at as publishedAt')
    .where('arch_repo_id', '=', archRepoId)
    .where('entries.name', '=', name)
    .executeTakeFirst()
}

/** A file that was replaced or removed and can still be fetched. */
export interface EarlierFile {
  version: string
  filename: string
  size: number
  publishedAt: number
  removedAt: number
}

/** The files under a name that are not visible any more and still kept, the newest first. */
export async function findEarlierFiles(
  store: Store,
  { repositoryId, name, arch }: Pick<PackageInfoRow, 'repositoryId' | 'name' | 'arch'>,
): Promise<EarlierFile[]> {
  return store
    .selectFrom('packages')
    .select(['version', 'filename', 'size', 'published_at as publishedAt'])
    .select('removed_at as removedAt')
    .$narrowType<{ removedAt: number }>()
    .where('repository_id', '=', repositoryId)
    .where('name', '=', name)
    .where('arch', '=', arch)
    .where('removed_at', 'is not', null)
    .orderBy('id', 'desc')
    .execute()
}
