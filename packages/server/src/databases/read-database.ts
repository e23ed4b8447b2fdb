import type { OpenBlob } from '../blobs/blob-store.ts'
import type { DatabaseLayout } from './database-layout.ts'
import type { Segment } from './manifest.ts'
import type { PinnedFile } from './open-handles.ts'
import type { PackFiles } from './pack-files.ts'

/**
 * Opens a database as it was laid out: nothing is put together on disk, each read takes from the packs what it covers.
 * The packs stay readable until it is closed. Throws ENOENT when a pack was dropped since.
 */
export async function openDatabase(
  packs: PackFiles,
  archRepoId: number,
  layout: DatabaseLayout,
): Promise<OpenBlob> {
  const numbers = [...new Set(layout.segments.map(({ pack }) => pack))]
  const opened = await Promise.allSettled(numbers.map((number) => packs.pin(archRepoId, number)))
  const pinned = new Map<number, PinnedFile>()
  opened.forEach((outcome, index) => {
    if (outcome.status === 'fulfilled') pinned.set(numbers[index] ?? 0, outcome.value)
  })
  const release = () => {
    for (const file of pinned.values()) file.release()
  }
  const failed = opened.find((outcome) => outcome.status === 'rejected')
  if (failed) {
    release()
    throw failed.reason
  }
  return {
    size: layout.size,
    read: (target, position) => readAt(layout, pinned, target, position),
    close: async () => release(),
  }
}

async function readAt(
  layout: DatabaseLayout,
  pinned: ReadonlyMap<number, PinnedFile>,
  target: Uint8Array,
  position: number,
): Promise<number> {
  const count = Math.max(0, Math.min(target.length, layout.size - position))
  const { head, tail, starts, segments } = layout
  const tailStart = starts[segments.length] ?? 0
  copyOverlap(head, 0, target, position)
  copyOverlap(tail, tailStart, target, position)
  const reads: Promise<void>[] = []
  let at = Math.max(position, head.length)
  const end = Math.min(position + count, tailStart)
  for (let index = segmentAt(starts, at); at < end; ) {
    const last = lastOfRun(segments, index)
    const start = starts[index] ?? 0
    const stop = Math.min(end, starts[last + 1] ?? 0)
    const segment = segments[index] as Segment
    const piece = target.subarray(at - position, stop - position)
    reads.push(readWhole(pinned.get(segment.pack), piece, segment.position + at - start))
    at = stop
    index = last + 1
  }
  await Promise.all(reads)
  return count
}

function copyOverlap(source: Uint8Array, start: number, target: Uint8Array, position: number): void {
  const from = Math.max(start, position)
  const to = Math.min(start + source.length, position + target.length)
  if (from < to) target.set(source.subarray(from - start, to - start), from - position)
}

/** The last segment that begins at or before a position. */
function segmentAt(starts: Float64Array, position: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((starts[middle] ?? 0) <= position) low = middle
    else high = middle - 1
  }
  return low
}

/** Segments that stand one behind the other in a pack are read at once. */
function lastOfRun(segments: readonly Segment[], first: number): number {
  let last = first
  for (;;) {
    const current = segments[last]
    const next = segments[last + 1]
    const joins = current && next && next.pack === current.pack
    if (!joins || next.position !== current.position + current.length) return last
    last += 1
  }
}

async function readWhole(file: PinnedFile | undefined, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const count = (await file?.read(target.subarray(done), position + done)) ?? 0
    if (count === 0) throw new Error('A pack of a database is shorter than its segments.')
    done += count
  }
}
