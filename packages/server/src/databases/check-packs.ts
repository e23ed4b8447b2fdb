import { isErrnoException } from '../files.ts'
import { DatabaseFault } from './database-fault.ts'
import { checkSegment } from './deflate-segment.ts'
import type { Manifest, Segment } from './manifest.ts'
import type { PackFiles } from './pack-files.ts'

/** Looks whether all packs that a manifest refers to are there and long enough; returns what is wrong. */
export async function findPackFault(
  packs: Pick<PackFiles, 'pin'>,
  archRepoId: number,
  manifest: Manifest,
): Promise<DatabaseFault | undefined> {
  const last = new Map<number, Segment>()
  for (const segment of [...manifest.db, ...manifest.files]) {
    if (endOf(segment) > endOf(last.get(segment.pack))) last.set(segment.pack, segment)
  }
  try {
    for (const segment of last.values()) await readPart(packs, archRepoId, segment, endOf(segment) - 1, 1)
    return undefined
  } catch (fault) {
    if (fault instanceof DatabaseFault) return fault
    throw fault
  }
}

function endOf(segment: Segment | undefined): number {
  return segment ? segment.position + segment.length : 0
}

/** A segment as it stands in its pack, and the tar in it. Throws DatabaseFault. */
export async function readSegment(
  packs: Pick<PackFiles, 'pin'>,
  archRepoId: number,
  segment: Segment,
): Promise<{ bytes: Uint8Array; tar: Uint8Array }> {
  const bytes = await readPart(packs, archRepoId, segment, segment.position, segment.length)
  try {
    return { bytes, tar: await checkSegment(bytes, segment) }
  } catch (cause) {
    throw new DatabaseFault(`the segment of ${segment.firstName} is damaged`, segment, cause)
  }
}

async function readPart(
  packs: Pick<PackFiles, 'pin'>,
  archRepoId: number,
  segment: Segment,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = Buffer.alloc(length)
  const file = await packs.pin(archRepoId, segment.pack).catch((fault: unknown) => {
    if (!isErrnoException(fault) || fault.code !== 'ENOENT') throw fault
    throw new DatabaseFault(`the pack ${segment.pack} is missing`, segment, fault)
  })
  try {
    for (let done = 0; done < length; ) {
      const count = await file.read(bytes.subarray(done), position + done)
      if (count === 0) throw new DatabaseFault(`the pack ${segment.pack} is too short`, segment)
      done += count
    }
    return bytes
  } finally {
    file.release()
  }
}
