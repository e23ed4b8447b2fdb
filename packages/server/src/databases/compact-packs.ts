import { checkSegment } from './deflate-segment.ts'
import { databaseKinds, type Manifest, type Segment, usedPacks } from './manifest.ts'
import type { PackFiles } from './pack-files.ts'

/** A pack of which less than this part is used is emptied. */
const worthKeeping = 0.5

interface Compaction {
  /** The same databases with segments in other places. */
  manifest: Manifest
  /** The pack that nothing refers to once this manifest is the one that everyone reads. */
  spare: number
}

/**
 * Moves what is left of a pack that is mostly unused into the one that is appended to, durably. Undefined when all
 * packs are worth keeping. Throws when a segment is damaged.
 */
export async function compactPack(
  packs: PackFiles,
  archRepoId: number,
  manifest: Manifest,
): Promise<Compaction | undefined> {
  const used = usedPacks(manifest)
  for (const [pack, size] of await packs.finished(archRepoId)) {
    if ((used.get(pack) ?? 0) >= size * worthKeeping) continue
    return { manifest: await moveSegments(packs, archRepoId, manifest, pack), spare: pack }
  }
  return undefined
}

async function moveSegments(
  packs: PackFiles,
  archRepoId: number,
  manifest: Manifest,
  pack: number,
): Promise<Manifest> {
  const moved = databaseKinds.flatMap((kind) => manifest[kind].filter((segment) => segment.pack === pack))
  if (moved.length === 0) return manifest
  const places = await packs.append(archRepoId, await readSegments(packs, archRepoId, pack, moved))
  const placeOf = new Map(moved.map((segment, index) => [segment, places[index]]))
  const move = (segment: Segment): Segment => {
    const place = placeOf.get(segment)
    return place ? { ...segment, ...place } : segment
  }
  return { db: manifest.db.map(move), files: manifest.files.map(move) }
}

async function readSegments(
  packs: PackFiles,
  archRepoId: number,
  pack: number,
  segments: readonly Segment[],
): Promise<Uint8Array[]> {
  const file = await packs.pin(archRepoId, pack)
  try {
    const pieces: Uint8Array[] = []
    for (const segment of segments) {
      const bytes = Buffer.alloc(segment.length)
      await file.read(bytes, segment.position)
      await checkSegment(bytes, segment)
      pieces.push(bytes)
    }
    return pieces
  } finally {
    file.release()
  }
}
