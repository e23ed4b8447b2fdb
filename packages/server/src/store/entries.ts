import type { Selectable } from 'kysely'
import type { NameRange } from '../databases/manifest.ts'
import type { PackageTexts } from '../domain/stored-package.ts'
import type { Store } from './open-store.ts'
import type { Tables } from './tables.ts'

/** An entry with the texts that its databases hold; `files` is empty where it was not asked for. */
export type EntryRow = Pick<Selectable<Tables['packages']>, 'name' | 'version' | 'md5' | 'signature'> &
  PackageTexts

/** The entries of an arch-repo in a range of names, sorted by name. */
export async function readEntries(
  store: Store,
  archRepoId: number,
  { from, before }: NameRange,
  withFiles: boolean,
): Promise<EntryRow[]> {
  let query = entriesOf(store, archRepoId, withFiles)
  if (from !== undefined) query = query.where('entries.name', '>=', from)
  if (before !== undefined) query = query.where('entries.name', '<', before)
  return query.execute()
}

/** The names of all entries of an arch-repo, sorted. */
export async function readEntryNames(store: Store, archRepoId: number): Promise<string[]> {
  const rows = await store
    .selectFrom('entries')
    .select('name')
    .where('arch_repo_id', '=', archRepoId)
    .orderBy('name')
    .execute()
  return rows.map(({ name }) => name)
}

function entriesOf(store: Store, archRepoId: number, withFiles: boolean) {
  return store
    .selectFrom('entries')
    .innerJoin('packages', 'packages.id', 'entries.package_id')
    .innerJoin('package_texts', 'package_texts.package_id', 'entries.package_id')
    .select(['packages.name as name', 'version', 'md5', 'signature', 'desc'])
    .select(({ ref, val }) => (withFiles ? ref('files') : val('')).as('files'))
    .where('entries.arch_repo_id', '=', archRepoId)
    .orderBy('entries.name')
}

/** The texts of packages, by their numbers. */
export async function readTexts(
  store: Store,
  packageIds: readonly number[],
): Promise<Map<number, PackageTexts>> {
  const texts = new Map<number, PackageTexts>()
  if (packageIds.length === 0) return texts
  const rows = await store
    .selectFrom('package_texts')
    .selectAll()
    .where('package_id', 'in', packageIds)
    .execute()
  for (const { package_id, ...rest } of rows) texts.set(package_id, rest)
  return texts
}
