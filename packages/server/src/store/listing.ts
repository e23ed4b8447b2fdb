import type { Store } from './open-store.ts'

/** What a listing tells of a package. */
export interface ListedPackage {
  name: string
  version: string
  filename: string
  /** Bytes of the archive. */
  size: number
  /** UTC epoch seconds. */
  publishedAt: number
}

interface Page {
  archRepoId: number
  /** The name that the page before ended with; empty for the first page. */
  after: string
  /** How many packages at most. */
  limit: number
}

/** A page of the packages of an arch-repo, by name. */
export async function findPackagePage(
  store: Store,
  { archRepoId, after, limit }: Page,
): Promise<ListedPackage[]> {
  return store
    .selectFrom('entries')
    .innerJoin('packages', 'packages.id', 'entries.package_id')
    .select(['entries.name as name', 'version', 'filename', 'size', 'published_at as publishedAt'])
    .where('arch_repo_id', '=', archRepoId)
    .where('entries.name', '>', after)
    .orderBy('entries.name')
    .limit(limit)
    .execute()
}

/** When any repository changed last, in UTC epoch seconds; 0 when none ever did. Arch-repos keep their row when they are removed. */
export async function findLastChange(store: Store): Promise<number> {
  const row = await store
    .selectFrom('arch_repos')
    .select(({ fn }) => fn.max('updated_at').as('time'))
    .executeTakeFirst()
  return row?.time ?? 0
}
