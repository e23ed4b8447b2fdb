import type { Compilable, Selectable } from 'kysely'
import type { NameRange } from '../databases/manifest.ts'
import type { PackageTexts } from '../domain/stored-package.ts'
import type { Store } from './open-store.ts'
import type { Tables } from './tables.ts'

/** An entry with the texts that its databases hold; `files` is empty where it was not asked for. */
export type EntryRow = Pick<Selectable<Tables['packages']>, 'name' | 'version' | 'md5' | 'signature'> &
  PackageTexts

/** A query that was put into words, for a connection that knows no query builder. */
export interface Statement {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** Asks for the entries of an arch-repo in a range of names, sorted by name. Gives an EntryRow each. */
export function askForEntries(
  store: Store,
  archRepoId: number,
  { from, before }: NameRange,
  withFiles: boolean,
): Statement {
  let query = store
    .selectFrom('entries')
    .innerJoin('packages', 'packages.id', 'entries.package_id')
    .innerJoin('package_texts', 'package_texts.package_id', 'entries.package_id')
    .select(['packages.name as name', 'version', 'md5', 'signature', 'desc'])
    .select(({ ref, val }) => (withFiles ? ref('files') : val('')).as('files'))
    .where('entries.arch_repo_id', '=', archRepoId)
    .orderBy('entries.name')
  if (from !== undefined) query = query.where('entries.name', '>=', from)
  if (before !== undefined) query = query.where('entries.name', '<', before)
  return wordsOf(query)
}

/** The texts of a package. */
export type TextsRow = { package_id: number } & PackageTexts

/** Asks for the texts of packages, by their numbers. Gives a TextsRow each. */
export function askForTexts(store: Store, packageIds: readonly number[]): Statement {
  return wordsOf(store.selectFrom('package_texts').selectAll().where('package_id', 'in', packageIds))
}

function wordsOf(query: Compilable): Statement {
  const { sql, parameters } = query.compile()
  return { sql, parameters }
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
