import { promisify } from 'node:util'
import { constants, crc32, deflateRaw, inflateRaw } from 'node:zlib'

const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

/** Above this many bytes the best compression costs too much time for what it saves. */
const largeSize = 1024 * 1024

/** A segment's bytes before they have a place. */
export interface DeflatedSegment {
  readonly bytes: Uint8Array
  /** Bytes of tar, and their CRC-32. */
  readonly size: number
  readonly crc32: number
}

/**
 * Deflates a piece of tar on the thread pool so that it ends at a byte border and refers to nothing before it
 * (RFC 1951, as zlib's full flush has it). It is inflated again and compared before anyone trusts it.
 */
export async function deflateSegment(tar: Uint8Array): Promise<DeflatedSegment> {
  const level = tar.length > largeSize ? 6 : 9
  const bytes = await deflate(tar, { level, finishFlush: constants.Z_FULL_FLUSH })
  const sum = crc32(tar)
  await checkSegment(bytes, { size: tar.length, crc32: sum })
  return { bytes, size: tar.length, crc32: sum }
}

/** Inflates a segment and compares. Throws when it is not what it should be. */
export async function checkSegment(
  bytes: Uint8Array,
  expected: { size: number; crc32: number },
): Promise<Uint8Array> {
  const tar = await inflate(bytes, {
    finishFlush: constants.Z_SYNC_FLUSH,
    maxOutputLength: expected.size + 1,
  })
  if (tar.length === expected.size && crc32(tar) === expected.crc32) return tar
  throw new Error('A segment of a database does not inflate to what was deflated.')
}
