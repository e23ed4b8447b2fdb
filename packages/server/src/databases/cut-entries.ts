import type { DatabaseKind } from './manifest.ts'

/** An entry as it stands in the tar of a database. */
interface RenderedEntry {
  readonly name: string
  readonly tar: Uint8Array
}

/**
 * Bytes of tar that a segment aims at. Measured: smaller ones compress worse, larger ones make every publish render
 * more; lists of files compress well in small pieces already.
 */
export const targetSize: Readonly<Record<DatabaseKind, number>> = { db: 128 * 1024, files: 64 * 1024 }

/**
 * Cuts entries into segments of about `target` bytes; up to twice that stays whole. An entry that is larger by itself
 * gets one of its own, so that it is not written again for its neighbours' sake.
 */
export function cutEntries(entries: readonly RenderedEntry[], target: number): RenderedEntry[][] {
  const total = sizeOf(entries)
  if (total <= 2 * target) return entries.length === 0 ? [] : [[...entries]]
  const aim = total / Math.round(total / target)
  const pieces: RenderedEntry[][] = []
  let piece: RenderedEntry[] = []
  let size = 0
  for (const entry of entries) {
    if (piece.length > 0 && (size >= aim || size + entry.tar.length > 2 * target)) {
      pieces.push(piece)
      piece = []
      size = 0
    }
    piece.push(entry)
    size += entry.tar.length
  }
  return [...pieces, piece]
}

function sizeOf(entries: readonly RenderedEntry[]): number {
  return entries.reduce((size, { tar }) => size + tar.length, 0)
}
