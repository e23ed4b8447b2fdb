import { constants, createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib'
import { type Compression, detectCompression, FormatError, type ZstdPiece, zstdPieces } from '@vieter/alpm'
import { feed } from './feed.ts'
import { decompressXz } from './xz.ts'

export type PackageCompression = Extract<Compression, 'zstd' | 'xz' | 'gzip' | 'tar'>

interface Decompressed {
  compression: PackageCompression
  /** The tar inside. Reading it to its end has read the compressed bytes to theirs. */
  tar: AsyncIterable<Uint8Array>
}

/**
 * How much a decoder unpacks at a time, in bytes. Each piece costs a turn of the event loop, so they are large where the
 * archive is; the memory of a large one costs more than a small archive takes altogether.
 */
const pieceSizes = { small: 32 * 1024, large: 512 * 1024 }

/** How many first bytes tell the compression: a tar header is one block. */
const headSize = 512

/**
 * Finds out how an archive is compressed and unpacks it as it is read. The memory of a chunk may be used again once the
 * next one is asked for.
 * Throws FormatError, also while the tar is read: unknown or untaken compression, damage, truncation, garbage at the end.
 */
export async function decompress(bytes: AsyncIterable<Uint8Array>): Promise<Decompressed> {
  const { head, all, isLarge } = await peek(bytes)
  const chunkSize = isLarge ? pieceSizes.large : pieceSizes.small
  const compression = detectCompression(head)
  if (compression === 'zstd') return { compression, tar: told(unpackZstd(all, chunkSize), 'zstd') }
  if (compression === 'gzip') return { compression, tar: told(unpackGzip(all, chunkSize), 'gzip') }
  if (compression === 'xz') return { compression, tar: told(decompressXz(all), 'xz') }
  if (compression === 'tar') return { compression, tar: all }
  if (compression)
    throw new FormatError(
      'invalid',
      `Packages compressed with ${compression} are not taken: use zstd, xz or gzip.`,
    )
  throw new FormatError(
    'invalid',
    'The file is neither a tar archive nor one compressed with zstd, xz or gzip.',
  )
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

/**
 * What a decoder unpacks. Its memory is freed as soon as the next piece is asked for: left to the garbage collector, the
 * pieces of a large archive would pile up to more than all the rest of the server. A decoder cuts several pieces from one
 * buffer, one after the other, and has done with it when a piece comes from another.
 */
async function* freed(
  decoder: AsyncIterable<Buffer<ArrayBuffer>>,
  chunkSize: number,
): AsyncGenerator<Uint8Array> {
  let last: ArrayBuffer | undefined
  for await (const { buffer, byteOffset, length } of decoder) {
    if (last !== buffer) last?.transfer(0)
    // Memory of any other size would not be the decoder's alone.
    last = buffer.byteLength === chunkSize ? buffer : undefined
    yield new Uint8Array(buffer, byteOffset, length)
  }
  last?.transfer(0)
}

/** One decoder for each frame: Node's stops after the first of several, and ignores garbage after the last. */
async function* unpackZstd(bytes: AsyncIterable<Uint8Array>, chunkSize: number): AsyncGenerator<Uint8Array> {
  const pieces = zstdPieces(bytes)
  for (let first = await pieces.next(); !first.done; first = await pieces.next()) {
    const decoder = createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: 27 } })
    const fed = feedFrame(decoder, first.value, pieces).catch((fault: Error) => decoder.destroy(fault))
    yield* freed(decoder, chunkSize)
    await fed
  }
}

async function feedFrame(
  decoder: ZstdDecompress,
  first: ZstdPiece,
  rest: AsyncIterator<ZstdPiece>,
): Promise<void> {
  for (let piece = first; ; ) {
    await feed(decoder, piece.bytes)
    if (piece.endsFrame || decoder.destroyed) break
    const next = await rest.next()
    if (next.done) break
    piece = next.value
  }
  decoder.end()
}

/** Node reads all members of a gzip file but silently ignores what follows the last; that is found by counting. */
async function* unpackGzip(bytes: AsyncIterable<Uint8Array>, chunkSize: number): AsyncGenerator<Uint8Array> {
  const decoder = createGunzip({ chunkSize })
  const fed = feedAll(decoder, bytes).catch((fault: Error) => {
    decoder.destroy(fault)
    return 0
  })
  yield* freed(decoder, chunkSize)
  const rest = (await fed) - decoder.bytesWritten
  if (rest > 0) throw new FormatError('trailing-garbage', `${rest} bytes follow the end of the gzip data.`)
}

/** Feeds a decoder to the end of the bytes, and counts them. */
async function feedAll(decoder: Gunzip, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    await feed(decoder, chunk)
    if (decoder.errored) break
  }
  decoder.end()
  return size
}
