import type { DatabaseEntry } from '@vieter/alpm'
import type { ReadEntries, ReadPage } from '../databases/database-writer.ts'
import { isInRange, type NameRange } from '../databases/manifest.ts'
import { withOptionalFields } from '../domain/desc-fields.ts'
import type { ArchRepoState, PlannedPackage } from '../domain/plan-changes.ts'
import type { PackageTexts } from '../domain/stored-package.ts'
import { type EntryRow, readEntries, readEntriesAfter, readTexts } from '../store/entries.ts'
import type { Store } from '../store/open-store.ts'

/** Which optional fields the databases have. */
export interface DatabaseFormat {
  md5sum: boolean
  pgpsig: boolean
}

/** The name under which databases of this format are known: it changes when they must be written anew. */
export function formatName({ md5sum, pgpsig }: DatabaseFormat): string {
  return ['segments 1', ...(md5sum ? ['md5sum'] : []), ...(pgpsig ? ['pgpsig'] : [])].join(', ')
}

/** Entries of one page: enough for some segments, little enough for memory. */
const pageSize = 100

/** Reads the entries of an arch-repo as the store has them, page by page. */
export function storedPages(store: Store, archRepoId: number, format: DatabaseFormat): ReadPage {
  return async (after) =>
    (await readEntriesAfter(store, archRepoId, after, pageSize)).map((row) => entryOf(row, format))
}

/** Reads the entries of an arch-repo that has none in the store yet, page by page. */
export function plannedPages(store: Store, state: ArchRepoState, format: DatabaseFormat): ReadPage {
  const packages = sortByName([...state.values()])
  return async (after) => {
    const start = after === undefined ? 0 : packages.findIndex(({ name }) => name === after) + 1
    return readPlanned(store, packages.slice(start, start + pageSize), format)
  }
}

/** Reads the entries that an arch-repo will have: those of the store, but for some names those of the plan. */
export function changedEntries(
  store: Store,
  archRepoId: number,
  { after, names, format }: { after: ArchRepoState; names: ReadonlySet<string>; format: DatabaseFormat },
): ReadEntries {
  return async (range: NameRange, kind) => {
    const rows = await readEntries(store, archRepoId, range, kind === 'files')
    const changed = [...names]
      .filter((name) => isInRange(name, range))
      .flatMap((name) => after.get(name) ?? [])
    const kept = rows.filter(({ name }) => !names.has(name)).map((row) => entryOf(row, format))
    return sortByName([...kept, ...(await readPlanned(store, changed, format))])
  }
}

async function readPlanned(
  store: Store,
  packages: readonly PlannedPackage[],
  format: DatabaseFormat,
): Promise<DatabaseEntry[]> {
  const stored = await readTexts(
    store,
    packages.flatMap(({ id, texts }) => (texts ? [] : (id ?? []))),
  )
  return packages.map((pkg) => entryOf({ ...pkg, ...textsOf(pkg, stored) }, format))
}

function textsOf(pkg: PlannedPackage, stored: ReadonlyMap<number, PackageTexts>): PackageTexts {
  const texts = pkg.texts ?? stored.get(pkg.id ?? 0)
  if (texts) return texts
  throw new Error(`the package ${pkg.filename} has no texts`)
}

function entryOf(
  { name, version, desc, files, md5, signature }: EntryRow,
  format: DatabaseFormat,
): DatabaseEntry {
  const fields = { md5: format.md5sum ? md5 : '', signature: format.pgpsig ? signature : '' }
  return { name, version, desc: withOptionalFields(desc, fields), files } as DatabaseEntry
}

function sortByName<T extends { name: string }>(entries: T[]): T[] {
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}
