import type { DatabaseEntry } from '@vieter/alpm'
import { withOptionalFields } from '../domain/desc-fields.ts'
import type { PackageFacts, PackageTexts } from '../domain/stored-package.ts'
import { type EntryRow, readEntries, readTexts } from '../store/entries.ts'
import type { Store } from '../store/open-store.ts'
import type { DatabaseKind, NameRange } from './manifest.ts'

/** Which optional fields databases have. */
export interface DatabaseFormat {
  md5sum: boolean
  pgpsig: boolean
}

/** The name under which databases of this format are known: it changes when they must be written anew. */
export function formatName({ md5sum, pgpsig }: DatabaseFormat): string {
  return ['segments 1', ...(md5sum ? ['md5sum'] : []), ...(pgpsig ? ['pgpsig'] : [])].join(', ')
}

/** The format that has this name; undefined when it is not one that this program writes. */
export function formatNamed(name: string): DatabaseFormat | undefined {
  const fields = new Set(name.split(', '))
  const format = { md5sum: fields.has('md5sum'), pgpsig: fields.has('pgpsig') }
  return formatName(format) === name ? format : undefined
}

/** What takes the place of an entry in the next generation. */
export type EntryChange =
  | { name: string; gone: true }
  | (Pick<PackageFacts, 'name' | 'version' | 'md5' | 'signature'> & {
      gone: false
      /** The number of the package whose texts the store has; else they are here. */
      id: number | undefined
      texts: PackageTexts | undefined
    })

interface WantedEntries {
  archRepoId: number
  kind: DatabaseKind
  range: NameRange
  /** Those of names in the range; the store has the others. */
  changes: readonly EntryChange[]
  format: DatabaseFormat
}

/** Reads the entries that an arch-repo will have in a range of names, sorted by name; those of `db` without files. */
export async function readChangedEntries(store: Store, wanted: WantedEntries): Promise<DatabaseEntry[]> {
  const { archRepoId, kind, range, changes, format } = wanted
  const changed = new Set(changes.map(({ name }) => name))
  const rows = await readEntries(store, archRepoId, range, kind === 'files')
  const kept = rows.filter(({ name }) => !changed.has(name))
  const entries = [...kept, ...(await readChanged(store, changes))].map((row) => entryOf(row, kind, format))
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function readChanged(store: Store, changes: readonly EntryChange[]): Promise<EntryRow[]> {
  const present = changes.flatMap((change) => (change.gone ? [] : change))
  const ids = present.flatMap(({ id, texts }) => (texts || id === undefined ? [] : id))
  const stored = await readTexts(store, ids)
  return present.map(({ id, texts, name, version, md5, signature }) => {
    const known = texts ?? stored.get(id ?? 0)
    if (!known) throw new Error(`the package ${name} ${version} has no texts`)
    return { name, version, md5, signature, ...known }
  })
}

/** Fields of the store are what parsers let in: names and versions are such. */
function entryOf(
  { name, version, desc, files, md5, signature }: EntryRow,
  kind: DatabaseKind,
  format: DatabaseFormat,
): DatabaseEntry {
  const fields = { md5: format.md5sum ? md5 : '', signature: format.pgpsig ? signature : '' }
  const listed = kind === 'files' ? { files } : {}
  return { name, version, desc: withOptionalFields(desc, fields), ...listed } as DatabaseEntry
}
