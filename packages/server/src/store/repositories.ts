import { detailsOf } from '../domain/package-details.ts'
import type { PlannedPackage } from '../domain/repository-state.ts'
import type { KeptTexts } from '../domain/stored-package.ts'
import { batches } from './batches.ts'
import type { Store, StoreTransaction } from './open-store.ts'
import { rememberFiles } from './served-files.ts'

/** A row of an arch-repo: its number, its current generation, and when that was made (UTC epoch seconds). */
export interface ArchRepoRow {
  id: number
  arch: string
  generation: number
  last_modified: number
  visible: number
  format: string
  updated_at: number
}

const archRepoColumns = [
  'arch_repos.id as id',
  'arch',
  'generation',
  'last_modified',
  'arch_repos.visible as visible',
  'format',
  'updated_at',
] as const

const packageColumns = [
  'packages.id as id',
  'packages.name as name',
  'packages.base as base',
  'packages.version as version',
  'packages.arch as arch',
  'packages.filename as filename',
  'packages.size as size',
  'packages.sha256 as sha256',
  'packages.md5 as md5',
  'packages.signature as signature',
  'packages.blob_key as blobKey',
] as const

/** A repository, whether it is visible or not; undefined when there never was one. */
export async function findRepository(
  store: Store,
  name: string,
): Promise<{ id: number; visible: number } | undefined> {
  return store
    .selectFrom('repositories')
    .select(['id', 'visible'])
    .where('name', '=', name)
    .executeTakeFirst()
}

/** All arch-repos that are visible, with the names of their repositories. */
export async function findVisibleArchRepos(store: Store): Promise<(ArchRepoRow & { repository: string })[]> {
  return store
    .selectFrom('arch_repos')
    .innerJoin('repositories', 'repositories.id', 'arch_repos.repository_id')
    .select(archRepoColumns)
    .select('repositories.name as repository')
    .where('arch_repos.visible', '=', 1)
    .orderBy('repositories.name')
    .orderBy('arch')
    .execute()
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
    if (archs.length === 0) return { repositoryId: id, archRepos: [] }
    for (const arch of archs) {
      await trx
        .insertInto('arch_repos')
        .values({
          repository_id: id,
          arch,
          generation: 0,
          last_modified: 0,
          visible: 0,
          format: '',
          updated_at: 0,
        })
        .onConflict((conflict) => conflict.columns(['repository_id', 'arch']).doNothing())
        .execute()
    }
    const archRepos = await trx
      .selectFrom('arch_repos')
      .select(archRepoColumns)
      .where('repository_id', '=', id)
      .where('arch', 'in', archs)
      .execute()
    return { repositoryId: id, archRepos }
  })
}

/** The packages that an arch-repo holds under some names, or all of them. */
export async function findEntries(
  store: Store,
  archRepoId: number,
  names: readonly string[] | 'all',
): Promise<(PlannedPackage & { id: number })[]> {
  if (names.length === 0) return []
  const query = store
    .selectFrom('entries')
    .innerJoin('packages', 'packages.id', 'entries.package_id')
    .select(packageColumns)
    .where('arch_repo_id', '=', archRepoId)
  return (names === 'all' ? query : query.where('entries.name', 'in', names)).execute()
}

/** The names of the packages of some pkgbases that arch-repos of a repository hold. */
export async function findNamesOfBases(
  store: Store,
  repositoryId: number,
  bases: readonly string[],
): Promise<string[]> {
  if (bases.length === 0) return []
  const rows = await store
    .selectFrom('packages')
    .select('name')
    .distinct()
    .where('repository_id', '=', repositoryId)
    .where('base', 'in', bases)
    .where('removed_at', 'is', null)
    .execute()
  return rows.map(({ name }) => name)
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
  signature: string
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
    .select(['blob_key as blobKey', 'size', 'sha256', 'signature', 'published_at as publishedAt'])
    .where('repositories.name', '=', repository)
    .where('filename', '=', filename)
    .where('arch', 'in', [arch, 'any'])
    .orderBy((eb) => eb.case().when('removed_at', 'is', null).then(0).else(1).end())
    .orderBy('packages.id', 'desc')
    .executeTakeFirst()
}

/** The text of an entry, by the name and version of its package, with what its optional fields are made from. */
export async function findEntryDesc(
  store: Store,
  archRepoId: number,
  name: string,
  version: string,
): Promise<{ desc: string; md5: string; signature: string } | undefined> {
  return store
    .selectFrom('entries')
    .innerJoin('packages', 'packages.id', 'entries.package_id')
    .innerJoin('package_texts', 'package_texts.package_id', 'packages.id')
    .select(['desc', 'md5', 'signature'])
    .where('arch_repo_id', '=', archRepoId)
    .where('entries.name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst()
}

/** Gives packages their rows, or makes those that were removed visible again. Each has its number afterwards. */
export async function savePackages(
  trx: StoreTransaction,
  repositoryId: number,
  packages: readonly PlannedPackage[],
  now: number,
): Promise<void> {
  const known = packages.flatMap(({ id }) => id ?? [])
  const fresh = packages.filter(({ id }) => id === undefined)
  for (const ids of batches(known))
    await trx.updateTable('packages').set({ removed_at: null }).where('id', 'in', ids).execute()
  for (const batch of batches(fresh)) await insertPackages(trx, repositoryId, batch, now)
}

async function insertPackages(
  trx: StoreTransaction,
  repositoryId: number,
  packages: readonly PlannedPackage[],
  now: number,
): Promise<void> {
  const filenames = packages.map(({ filename }) => filename)
  await trx
    .updateTable('packages')
    .set({ removed_at: now })
    .where('repository_id', '=', repositoryId)
    .where('filename', 'in', filenames)
    .where('removed_at', 'is', null)
    .execute()
  const facts = packages.map((pkg) => ({
    ...columnsOf(pkg),
    repository_id: repositoryId,
    published_at: now,
    removed_at: null,
  }))
  const rows = await trx.insertInto('packages').values(facts).returning(['id', 'blob_key']).execute()
  const ids = new Map(rows.map((row) => [row.blob_key, row.id]))
  for (const pkg of packages) pkg.id = getId(ids, pkg)
  const texts = packages.map((pkg) => {
    const { desc, files } = getTexts(pkg)
    return { package_id: getId(ids, pkg), desc, files }
  })
  await trx.insertInto('package_texts').values(texts).execute()
  await rememberFiles(trx, repositoryId, packages)
}

/** The columns of a new package that are its own. */
function columnsOf(pkg: PlannedPackage) {
  const { id: _none, texts: _texts, blobKey, ...facts } = pkg
  const { desc, extra = null } = getTexts(pkg)
  return { ...facts, ...detailsOf(desc), extra, blob_key: blobKey }
}

function getId(ids: ReadonlyMap<string, number>, { blobKey, filename }: PlannedPackage): number {
  const id = ids.get(blobKey)
  if (id === undefined) throw new Error(`the package ${filename} got no row`)
  return id
}

function getTexts({ texts, filename }: PlannedPackage): KeptTexts {
  if (!texts) throw new Error(`the new package ${filename} has no texts`)
  return texts
}

/** Gives a package that has a row the signature that it was published with last. */
export async function saveSignature(trx: StoreTransaction, id: number, signature: string): Promise<void> {
  await trx
    .updateTable('packages')
    .set({ signature })
    .where('id', '=', id)
    .where('signature', '<>', signature)
    .execute()
}

/** Sets what an arch-repo holds under some names. */
export async function setEntries(
  trx: StoreTransaction,
  archRepoId: number,
  entries: readonly { name: string; packageId: number }[],
): Promise<void> {
  for (const batch of batches(entries)) {
    await trx
      .insertInto('entries')
      .values(batch.map(({ name, packageId }) => ({ arch_repo_id: archRepoId, name, package_id: packageId })))
      .onConflict((conflict) =>
        conflict
          .columns(['arch_repo_id', 'name'])
          .doUpdateSet(({ ref }) => ({ package_id: ref('excluded.package_id') })),
      )
      .execute()
  }
}

/** Removes what an arch-repo holds under some names. */
export async function removeEntriesOf(
  trx: StoreTransaction,
  archRepoId: number,
  names: readonly string[],
): Promise<void> {
  for (const batch of batches(names)) {
    await trx
      .deleteFrom('entries')
      .where('arch_repo_id', '=', archRepoId)
      .where('name', 'in', batch)
      .execute()
  }
}

export async function removeEntries(trx: StoreTransaction, archRepoId: number): Promise<void> {
  await trx.deleteFrom('entries').where('arch_repo_id', '=', archRepoId).execute()
}

/** Starts the grace period of those of some packages (undefined: of all of a repository) that have no entry left. */
export async function markRemoved(
  trx: StoreTransaction,
  repositoryId: number,
  packageIds: readonly number[] | 'all',
  now: number,
): Promise<void> {
  if (packageIds.length === 0) return
  let query = trx
    .updateTable('packages')
    .set({ removed_at: now })
    .where('repository_id', '=', repositoryId)
    .where('removed_at', 'is', null)
    .where(({ not, exists, selectFrom, ref }) =>
      not(exists(selectFrom('entries').select('entries.name').where('package_id', '=', ref('packages.id')))),
    )
  if (packageIds !== 'all') query = query.where('id', 'in', packageIds)
  await query.execute()
}

export async function saveArchRepo(trx: StoreTransaction, row: ArchRepoRow): Promise<void> {
  const { id, arch: _name, ...columns } = row
  await trx.updateTable('arch_repos').set(columns).where('id', '=', id).execute()
}

/** Moves the date of an arch-repo's databases forward; never back. */
export async function raiseLastModified(
  store: Store,
  archRepoId: number,
  lastModified: number,
): Promise<void> {
  await store
    .updateTable('arch_repos')
    .set({ last_modified: lastModified })
    .where('id', '=', archRepoId)
    .where('last_modified', '<', lastModified)
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
