import { type DatabaseEntry, databaseEntryTar } from '@vieter/alpm'
import type { Store } from '../store/open-store.ts'
import { cutEntries, targetSize } from './cut-entries.ts'
import { type DeflatedSegment, deflateSegment } from './deflate-segment.ts'
import { type DatabaseFormat, type EntryChange, readChangedEntries } from './entry-reader.ts'
import type { DatabaseKind, NameRange } from './manifest.ts'

/** The entries of a range of names of an arch-repo, to be made into segments. */
export interface RenderRequest {
  archRepoId: number
  kind: DatabaseKind
  range: NameRange
  /** What differs from the store. Those of names in the range. */
  changes: readonly EntryChange[]
  format: DatabaseFormat
}

/** A segment that has no place in a pack yet. */
export interface RenderedSegment extends DeflatedSegment {
  firstName: string
}

/** Reads entries, and makes segments of them: some milliseconds of work for each. */
export async function renderRange(store: Store, request: RenderRequest): Promise<RenderedSegment[]> {
  return renderEntries(await readChangedEntries(store, request), request.kind)
}

/** Makes segments of entries that are sorted by name. */
export function renderEntries(entries: readonly DatabaseEntry[], kind: DatabaseKind): RenderedSegment[] {
  const rendered = entries.map((entry) => ({ name: entry.name, tar: databaseEntryTar(entry) }))
  return cutEntries(rendered, targetSize[kind]).map((piece) => ({
    firstName: piece[0]?.name ?? '',
    ...deflateSegment(Buffer.concat(piece.map(({ tar }) => tar))),
  }))
}
