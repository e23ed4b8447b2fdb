import { type Compression, detectCompression, FormatError } from '@vieter/alpm'
import { type Decoding, pieceSizes } from './decoding.ts'
import { unpackGzip } from './gzip.ts'
import { unpackByProgram } from './program.ts'
import { unpackXz } from './xz.ts'
import { unpackZstd } from './zstd.ts'

interface Decompressed {
  compression: Compression
  /** The tar inside. Reading it to its end has read the compressed bytes to theirs. */
  tar: AsyncIterable<Uint8Array>
}

/**
 * How many first bytes tell the compression: a tar header is one block. Those of an xz file hold the header of its first
 * block as well, unless that is one of very many filters.
 */
const headSize = 512

/**
 * Finds out how an archive is compressed and unpacks it as it is read. The memory of a chunk may be used again once the
 * next one is asked for.
 * Throws FormatError, also while the tar is read: unknown compression, damage, truncation, garbage at the end, a window or
 * dictionary above the limit; PACKAGE_INVALID where a program is missing.
 */
export async function decompress(
  bytes: AsyncIterable<Uint8Array>,
  decoding: Decoding,
): Promise<Decompressed> {
  const { head, all, isLarge } = await peek(bytes)
  const chunkSize = isLarge ? pieceSizes.large : pieceSizes.small
  const compression = detectCompression(head)
  if (compression === undefined) {
    throw new FormatError('invalid', 'The file is neither a tar archive nor a compressed one.')
  }
  if (compression === 'tar') return { compression, tar: all }
  if (compression === 'zstd') return { compression, tar: told(unpackZstd(all, chunkSize, decoding), 'zstd') }
  if (compression === 'gzip') return { compression, tar: told(unpackGzip(all, chunkSize), 'gzip') }
  if (compression === 'xz') return { compression, tar: unpackXz(all, head, decoding) }
  return { compression, tar: unpackByProgram(compression, all, { head, decoding }) }
}

interface Peeked {
  head: Uint8Array
  all: AsyncIterable<Uint8Array>
  /** The bytes come in large chunks. */
  isLarge: boolean
}

async function peek(bytes: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const iterator = bytes[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let size = 0
  while (size < headSize) {
    const { done, value } = await iterator.next()
    if (done) break
    // A chunk is good until the next one is asked for: a short one is copied.
    chunks.push(value.length < headSize ? value.slice() : value)
    size += value.length
  }
  const head = Buffer.concat(chunks.map((chunk) => chunk.subarray(0, headSize))).subarray(0, headSize)
  return { head, all: rejoin(chunks, iterator), isLarge: size >= pieceSizes.large }
}

async function* rejoin(head: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* head
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

/** Turns a decoder's own faults into FormatErrors, which say what is wrong with the archive; other faults pass. */
async function* told(tar: AsyncIterable<Uint8Array>, compression: string): AsyncGenerator<Uint8Array> {
  try {
    yield* tar
  } catch (fault) {
    const code = (fault as NodeJS.ErrnoException).code
    if (typeof code !== 'string' || !/^(Z_|ZSTD_|ERR_ZSTD|XZ_)/.test(code)) throw fault
    const truncated = code === 'Z_BUF_ERROR'
    const reason = truncated ? 'it ends too early' : (fault as Error).message
    throw new FormatError(
      truncated ? 'truncated' : 'invalid',
      `The ${compression} data is damaged: ${reason}.`,
    )
  }
}
