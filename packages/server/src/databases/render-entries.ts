import type { DatabaseEntry } from '@vieter/alpm'
import { databaseEntryTar } from '@vieter/alpm/database-entry'
import { cutEntries, targetSize } from './cut-entries.ts'
import { type DeflatedSegment, deflateSegment } from './deflate-segment.ts'
import { free } from './free.ts'
import type { DatabaseKind } from './manifest.ts'

/** A segment that has no place in a pack yet. */
export interface RenderedSegment extends DeflatedSegment {
  firstName: string
}

/** How much work is put into the compression. */
export type Effort = 'quick' | 'thorough'

/**
 * zlib's levels. Measured on segments of 15,000 packages: 9 takes three times as long as 5 and saves 2 %. So 5 is for
 * publishing, 9 for databases that are written whole.
 */
const levels: Readonly<Record<Effort, number>> = { quick: 5, thorough: 9 }

/** Above this many bytes the best compression costs too much time for what it saves. */
const largeSize = 1024 * 1024

/** Makes segments of entries that are sorted by name: some milliseconds of work for each. */
export function renderEntries(
  entries: readonly DatabaseEntry[],
  kind: DatabaseKind,
  effort: Effort,
): RenderedSegment[] {
  const rendered = entries.map((entry) => {
    const tar = databaseEntryTar(entry)
    return { name: entry.name, tar, size: tar.reduce((sum, piece) => sum + piece.length, 0) }
  })
  return cutEntries(rendered, targetSize[kind]).map((piece) => ({
    firstName: piece[0]?.name ?? '',
    ...deflateTar(
      piece.flatMap(({ tar }) => tar),
      effort,
    ),
  }))
}

function deflateTar(pieces: readonly Uint8Array[], effort: Effort): DeflatedSegment {
  const tar = Buffer.concat(pieces)
  // Of the zeros between entries there is one for all.
  for (const piece of pieces) if (piece.byteLength === piece.buffer.byteLength) free(piece)
  return deflateSegment(tar, tar.length > largeSize ? levels.quick : levels[effort])
}
