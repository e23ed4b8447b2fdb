import type { DatabaseEntry } from '@vieter/alpm'
import type { Settings } from '@vieter/config'
import { type DatabaseFormat, formatDescText } from '../domain/desc-fields.ts'
import type { PackageFacts, PackageTexts } from '../domain/stored-package.ts'
import { askForEntries, askForTexts, type EntryRow, type Statement, type TextsRow } from '../store/entries.ts'
import type { Store } from '../store/open-store.ts'
import type { DatabaseKind, NameRange } from './manifest.ts'

/** The format that a server's settings ask for. */
export function formatOf(settings: Pick<Settings, 'database_md5sum' | 'database_pgpsig'>): DatabaseFormat {
  return { md5sum: settings.database_md5sum, pgpsig: settings.database_pgpsig }
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

/** The entries that an arch-repo will have in a range of names. */
export interface WantedEntries {
  archRepoId: number
  kind: DatabaseKind
  range: NameRange
  /** Those of names in the range; the store has the others. */
  changes: readonly EntryChange[]
  format: DatabaseFormat
}

/** What to ask the store for, and what to make of its answers: the asking may be left to another thread. */
export interface EntryQuestions {
  entries: Statement
  /** Undefined when all texts are at hand. */
  texts: Statement | undefined
  wanted: Pick<WantedEntries, 'kind' | 'changes' | 'format'>
}

export function questionsOf(store: Store, wanted: WantedEntries): EntryQuestions {
  const { archRepoId, kind, range, changes, format } = wanted
  const ids = changes.flatMap((change) => (change.gone || change.texts ? [] : (change.id ?? [])))
  return {
    entries: askForEntries(store, archRepoId, range, kind === 'files'),
    texts: ids.length === 0 ? undefined : askForTexts(store, ids),
    wanted: { kind, changes, format },
  }
}

/** Makes entries, sorted by name, of what the store has answered; those of `db` without files. */
export function entriesOf(
  { kind, changes, format }: EntryQuestions['wanted'],
  rows: readonly EntryRow[],
  texts: readonly TextsRow[],
): DatabaseEntry[] {
  const changed = new Set(changes.map(({ name }) => name))
  const textsOf = new Map(texts.map((row) => [row.package_id, row]))
  const present = changes.flatMap((change) => (change.gone ? [] : rowOf(change, textsOf)))
  const kept = rows.filter(({ name }) => !changed.has(name))
  const entries = [...kept, ...present].map((row) => entryOf(row, kind, format))
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function rowOf(
  { name, version, md5, signature, id, texts }: EntryChange & { gone: false },
  stored: ReadonlyMap<number, PackageTexts>,
): EntryRow {
  const known = texts ?? stored.get(id ?? 0)
  if (!known) throw new Error(`the package ${name} ${version} has no texts`)
  const { desc, files } = known
  return { name, version, md5, signature, desc, files }
}

/** Fields of the store are what parsers let in: names and versions are such. */
function entryOf(row: EntryRow, kind: DatabaseKind, format: DatabaseFormat): DatabaseEntry {
  const { name, version, files } = row
  const listed = kind === 'files' ? { files } : {}
  return { name, version, desc: formatDescText(row, format), ...listed } as DatabaseEntry
}
