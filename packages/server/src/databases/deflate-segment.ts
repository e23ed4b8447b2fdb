import { promisify } from 'node:util'
import { constants, crc32, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib'

const inflate = promisify(inflateRaw)

/** Above this many bytes the best compression costs too much time for what it saves. */
const largeSize = 1024 * 1024

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
 */
export function deflateSegment(tar: Uint8Array): DeflatedSegment {
  const level = tar.length > largeSize ? 6 : 9
  // Room for all of it at once: zlib's own buffers are small, and there would be many.
  const chunkSize = Math.max(1024, tar.length)
  const deflated = deflateRawSync(tar, { level, chunkSize, finishFlush: constants.Z_FULL_FLUSH })
  const expected = { size: tar.length, crc32: crc32(tar) }
  compare(inflateRawSync(deflated, inflateOptions(expected)), expected)
  return { bytes: Uint8Array.from(deflated), ...expected }
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
