import type { ArchRepoState, PlannedPackage, RepositoryState } from '../domain/plan-changes.ts'
import type { Store, StoreTransaction } from './open-store.ts'

/** A row of an arch-repo: its number, its current generation, and when that was made (UTC epoch seconds). */
export interface ArchRepoRow {
  id: number
  arch: string
  generation: number
  last_modified: number
  visible: number
}

const packageColumns = [
  'packages.id as id',
  'packages.name as name',
  'packages.version as version',
  'packages.arch as arch',
  'packages.filename as filename',
  'packages.size as size',
  'packages.sha256 as sha256',
  'packages.blob_key as blobKey',
  'packages.desc as desc',
  'packages.files as files',
] as const

/** The number of a repository, whether it is visible or not; undefined when there never was one. */
export async function findRepositoryId(store: Store, name: string): Promise<number | undefined> {
  const row = await store.selectFrom('repositories').select('id').where('name', '=', name).executeTakeFirst()
  return row?.id
}

async function findArchRepos(store: Store, repositoryId: number): Promise<ArchRepoRow[]> {
  return store
    .selectFrom('arch_repos')
    .select(['id', 'arch', 'generation', 'last_modified', 'visible'])
    .where('repository_id', '=', repositoryId)
    .execute()
}

/** A visible arch-repo by its names. */
export async function findArchRepo(
  store: Store,
  repository: string,
  arch: string,
): Promise<ArchRepoRow | undefined> {
  return store
    .selectFrom('arch_repos')
    .innerJoin('repositories', 'repositories.id', 'arch_repos.repository_id')
    .select(['arch_repos.id as id', 'arch', 'generation', 'last_modified', 'arch_repos.visible as visible'])
    .where('repositories.name', '=', repository)
    .where('arch', '=', arch)
    .where('arch_repos.visible', '=', 1)
    .executeTakeFirst()
}

/** Makes the rows of a repository and of its arch-repos, invisible where they are new. */
export async function ensureArchRepos(
  store: Store,
  repository: string,
  archs: readonly string[],
): Promise<{ repositoryId: number; archRepos: ArchRepoRow[] }> {
  return store.transaction().execute(async (trx) => {
    await trx
      .insertInto('repositories')
      .values({ name: repository, visible: 0 })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute()
    const { id } = await trx
      .selectFrom('repositories')
      .select('id')
      .where('name', '=', repository)
      .executeTakeFirstOrThrow()
    for (const arch of archs) {
      await trx
        .insertInto('arch_repos')
        .values({ repository_id: id, arch, generation: 0, last_modified: 0, visible: 0 })
        .onConflict((conflict) => conflict.columns(['repository_id', 'arch']).doNothing())
        .execute()
    }
    return { repositoryId: id, archRepos: await findArchRepos(trx, id) }
  })
}

/** Everything that a repository holds now. */
export async function loadRepositoryState(store: Store, name: string): Promise<RepositoryState> {
  const repository = await store
    .selectFrom('repositories')
    .select(['id', 'visible'])
    .where('name', '=', name)
    .executeTakeFirst()
  const state: RepositoryState = { exists: repository?.visible === 1, archRepos: new Map() }
  if (!repository) return state
  const packages = new Map<number, PlannedPackage>()
  for (const archRepo of await findArchRepos(store, repository.id)) {
    if (archRepo.visible) state.archRepos.set(archRepo.arch, await loadEntries(store, archRepo.id, packages))
  }
  return state
}

async function loadEntries(
  store: Store,
  archRepoId: number,
  known: Map<number, PlannedPackage>,
): Promise<ArchRepoState> {
  const rows = await store
    .selectFrom('entries')
    .innerJoin('packages', 'packages.id', 'entries.package_id')
    .select(packageColumns)
    .where('arch_repo_id', '=', archRepoId)
    .execute()
  const entries: ArchRepoState = new Map()
  for (const row of rows) {
    const pkg = known.get(row.id) ?? row
    known.set(row.id, pkg)
    entries.set(row.name, pkg)
  }
  return entries
}

/** The packages that were published under these file names and whose files are still kept, oldest first. */
export async function findPublished(
  store: Store,
  repositoryId: number,
  filenames: readonly string[],
): Promise<PlannedPackage[]> {
  if (filenames.length === 0) return []
  return store
    .selectFrom('packages')
    .select(packageColumns)
    .where('repository_id', '=', repositoryId)
    .where('filename', 'in', filenames)
    .orderBy('id')
    .execute()
}

interface ServedPackage {
  blobKey: string
  size: number
  sha256: string
  publishedAt: number
}

/** The file that a repository serves under a name: the visible one, else the newest of those removed. */
export async function findServedPackage(
  store: Store,
  repository: string,
  arch: string,
  filename: string,
): Promise<ServedPackage | undefined> {
  return store
    .selectFrom('packages')
    .innerJoin('repositories', 'repositories.id', 'packages.repository_id')
    .select(['blob_key as blobKey', 'size', 'sha256', 'published_at as publishedAt'])
    .where('repositories.name', '=', repository)
    .where('filename', '=', filename)
    .where('arch', 'in', [arch, 'any'])
    .orderBy((eb) => eb.case().when('removed_at', 'is', null).then(0).else(1).end())
    .orderBy('packages.id', 'desc')
    .executeTakeFirst()
}

/** The text of an entry, by the name and version of its package. */
export async function findEntryDesc(
  store: Store,
  archRepoId: number,
  name: string,
  version: string,
): Promise<string | undefined> {
  const row = await store
    .selectFrom('entries')
    .innerJoin('packages', 'packages.id', 'entries.package_id')
    .select('desc')
    .where('arch_repo_id', '=', archRepoId)
    .where('entries.name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst()
  return row?.desc
}

/** Gives a package its row, or makes one that was removed visible again; returns the row's number. */
export async function savePackage(
  trx: StoreTransaction,
  repositoryId: number,
  pkg: PlannedPackage,
  now: number,
): Promise<number> {
  if (pkg.id !== undefined) {
    await trx.updateTable('packages').set({ removed_at: null }).where('id', '=', pkg.id).execute()
    return pkg.id
  }
  await trx
    .updateTable('packages')
    .set({ removed_at: now })
    .where('repository_id', '=', repositoryId)
    .where('filename', '=', pkg.filename)
    .where('removed_at', 'is', null)
    .execute()
  const { blobKey, id: _none, ...columns } = pkg
  const row = await trx
    .insertInto('packages')
    .values({
      ...columns,
      repository_id: repositoryId,
      blob_key: blobKey,
      published_at: now,
      removed_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

export async function setEntry(
  trx: StoreTransaction,
  archRepoId: number,
  name: string,
  packageId: number,
): Promise<void> {
  await trx
    .insertInto('entries')
    .values({ arch_repo_id: archRepoId, name, package_id: packageId })
    .onConflict((conflict) =>
      conflict.columns(['arch_repo_id', 'name']).doUpdateSet({ package_id: packageId }),
    )
    .execute()
}

export async function removeEntry(trx: StoreTransaction, archRepoId: number, name: string): Promise<void> {
  await trx.deleteFrom('entries').where('arch_repo_id', '=', archRepoId).where('name', '=', name).execute()
}

/** Starts the grace period of packages that have no entry left. */
export async function markRemoved(
  trx: StoreTransaction,
  packageIds: readonly number[],
  now: number,
): Promise<void> {
  for (const id of packageIds) {
    await trx
      .updateTable('packages')
      .set({ removed_at: now })
      .where('id', '=', id)
      .where('removed_at', 'is', null)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('entries').select('entries.name').where('package_id', '=', id))),
      )
      .execute()
  }
}

export async function saveArchRepo(trx: StoreTransaction, row: ArchRepoRow): Promise<void> {
  const { id, generation, last_modified, visible } = row
  await trx
    .updateTable('arch_repos')
    .set({ generation, last_modified, visible })
    .where('id', '=', id)
    .execute()
}

export async function saveRepositoryVisible(
  trx: StoreTransaction,
  id: number,
  visible: boolean,
): Promise<void> {
  await trx
    .updateTable('repositories')
    .set({ visible: visible ? 1 : 0 })
    .where('id', '=', id)
    .execute()
}

/** Forgets packages that were removed before a time; returns the keys of their blobs. */
export async function takeRemovedBefore(trx: StoreTransaction, time: number): Promise<string[]> {
  const rows = await trx.deleteFrom('packages').where('removed_at', '<', time).returning('blob_key').execute()
  return rows.map((row) => row.blob_key)
}
