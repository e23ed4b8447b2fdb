import { promisify } from 'node:util'
import { constants, crc32, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib'
import { free } from './free.ts'

const inflate = promisify(inflateRaw)

/** What a segment inflates to: its size in bytes, and its CRC-32. */
interface Expected {
  size: number
  crc32: number
}

/** A segment's bytes before they have a place. */
export interface DeflatedSegment extends Expected {
  bytes: Uint8Array<ArrayBuffer>
}

/**
 * Deflates a piece of tar so that it ends at a byte border and refers to nothing before it (RFC 1951, as zlib's full
 * flush has it). It is inflated again and compared before anyone trusts it. Takes milliseconds: not for the main thread.
 * The tar is freed.
 */
export function deflateSegment(tar: Uint8Array<ArrayBuffer>, level: number): DeflatedSegment {
  // Room for nearly all of it at once: zlib's own buffers are small, and there would be many.
  const chunkSize = Math.max(4096, tar.length >> 2)
  const options = { level, chunkSize, finishFlush: constants.Z_FULL_FLUSH }
  const deflated = deflateRawSync(tar, options)
  const expected = { size: tar.length, crc32: crc32(tar) }
  free(tar)
  const inflated = inflateRawSync(deflated, inflateOptions(expected))
  compare(inflated, expected)
  free(inflated)
  const bytes = Uint8Array.from(deflated)
  free(deflated)
  return { bytes, ...expected }
}

/** Inflates a segment and compares; returns its tar. Throws when it is not what it should be. */
export async function checkSegment(bytes: Uint8Array, expected: Expected): Promise<Uint8Array> {
  const tar = await inflate(bytes, inflateOptions(expected))
  compare(tar, expected)
  return tar
}

function inflateOptions({ size }: Expected): object {
  const room = size + 1
  return { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: room, chunkSize: Math.max(1024, room) }
}

function compare(tar: Uint8Array, expected: Expected): void {
  if (tar.length === expected.size && crc32(tar) === expected.crc32) return
  throw new Error('A segment of a database does not inflate to what was deflated.')
}
