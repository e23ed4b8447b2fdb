import { databaseKinds, type Manifest, type Segment, usedPacks } from './manifest.ts'
import type { PackFiles } from './pack-files.ts'

/** A pack of which less than this part is used is emptied. */
const worthKeeping = 0.5

/** Segments that are moved at a time: publishes wait meanwhile, for a few milliseconds. */
const maxMoved = 128

interface Compaction {
  /** The same databases with segments in other places. */
  manifest: Manifest
  /** The pack that nothing refers to once this manifest is the one that everyone reads; undefined while some is left in it. */
  spare: number | undefined
}

/**
 * Moves some of what is left of a pack that is mostly unused into the one that is appended to, durably: called again and
 * again, it empties it. Undefined when all packs are worth keeping.
 */
export async function compactPack(
  packs: PackFiles,
  archRepoId: number,
  manifest: Manifest,
): Promise<Compaction | undefined> {
  const finished = await packs.finished(archRepoId)
  if (finished.size === 0) return undefined
  const used = usedPacks(manifest)
  for (const [pack, size] of finished) {
    if ((used.get(pack) ?? 0) < size * worthKeeping) return moveSegments(packs, archRepoId, manifest, pack)
  }
  return undefined
}

async function moveSegments(
  packs: PackFiles,
  archRepoId: number,
  manifest: Manifest,
  pack: number,
): Promise<Compaction> {
  const left = databaseKinds.flatMap((kind) => manifest[kind].filter((segment) => segment.pack === pack))
  const moved = left.slice(0, maxMoved)
  const spare = moved.length === left.length ? pack : undefined
  if (moved.length === 0) return { manifest, spare }
  const places = await packs.append(archRepoId, await readSegments(packs, archRepoId, pack, moved))
  const placeOf = new Map(moved.map((segment, index) => [segment, places[index]]))
  const move = (segment: Segment): Segment => {
    const place = placeOf.get(segment)
    return place ? { ...segment, ...place } : segment
  }
  return { manifest: { db: manifest.db.map(move), files: manifest.files.map(move) }, spare }
}

/** The bytes as they are: whether they are still good is for the daily look at all databases to find out. */
async function readSegments(
  packs: PackFiles,
  archRepoId: number,
  pack: number,
  segments: readonly Segment[],
): Promise<Uint8Array[]> {
  const file = await packs.pin(archRepoId, pack)
  try {
    return await Promise.all(
      segments.map(async ({ position, length }) => {
        const bytes = Buffer.alloc(length)
        if ((await file.read(bytes, position)) === length) return bytes
        throw new Error('A pack of a database is shorter than its segments.')
      }),
    )
  } finally {
    file.release()
  }
}
