import type { DatabaseEntry } from '@vieter/alpm'
import { databaseEntryTar } from '@vieter/alpm/database-entry'
import { cutEntries, targetSize } from './cut-entries.ts'
import { type DeflatedSegment, deflateSegment } from './deflate-segment.ts'
import type { DatabaseKind } from './manifest.ts'

/** A segment that has no place in a pack yet. */
export interface RenderedSegment extends DeflatedSegment {
  firstName: string
}

/** Makes segments of entries that are sorted by name: some milliseconds of work for each. */
export function renderEntries(entries: readonly DatabaseEntry[], kind: DatabaseKind): RenderedSegment[] {
  const rendered = entries.map((entry) => {
    const tar = databaseEntryTar(entry)
    return { name: entry.name, tar, size: tar.reduce((sum, piece) => sum + piece.length, 0) }
  })
  return cutEntries(rendered, targetSize[kind]).map((piece) => ({
    firstName: piece[0]?.name ?? '',
    ...deflateSegment(Buffer.concat(piece.flatMap(({ tar }) => tar))),
  }))
}
