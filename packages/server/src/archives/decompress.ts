import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip, createZstdDecompress, type ZstdDecompress } from 'node:zlib'
import { type Compression, detectCompression, FormatError, type ZstdPiece, zstdPieces } from '@vieter/alpm'
import { drained } from '../streams.ts'
import { decompressXz } from './xz.ts'

type PackageCompression = Extract<Compression, 'zstd' | 'xz' | 'gzip' | 'tar'>

interface Decompressed {
  compression: PackageCompression
  /** The tar inside. Reading it to its end has read the compressed bytes to theirs. */
  tar: AsyncIterable<Uint8Array>
}

/** How many first bytes tell the compression: a tar header is one block. */
const headSize = 512

/**
 * Finds out how an archive is compressed and unpacks it as it is read.
 * Throws FormatError, also while the tar is read: unknown or untaken compression, damage, truncation, garbage at the end.
 */
export async function decompress(bytes: AsyncIterable<Uint8Array>): Promise<Decompressed> {
  const { head, all } = await peek(bytes)
  const compression = detectCompression(head)
  if (compression === 'zstd') return { compression, tar: told(unpackZstd(all), 'zstd') }
  if (compression === 'gzip') return { compression, tar: told(unpackGzip(all), 'gzip') }
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

async function peek(
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let size = 0
  while (size < headSize) {
    const { done, value } = await iterator.next()
    if (done) break
    chunks.push(value)
    size += value.length
  }
  return { head: Buffer.concat(chunks).subarray(0, headSize), all: rejoin(chunks, iterator) }
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

/** One decoder for each frame: Node's stops after the first of several, and ignores garbage after the last. */
async function* unpackZstd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const pieces = zstdPieces(bytes)
  for (let first = await pieces.next(); !first.done; first = await pieces.next()) {
    const decoder = createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 27 } })
    const fed = feedFrame(decoder, first.value, pieces).catch((fault: Error) => decoder.destroy(fault))
    yield* decoder as AsyncIterable<Uint8Array>
    await fed
  }
}

async function feedFrame(
  decoder: ZstdDecompress,
  first: ZstdPiece,
  rest: AsyncIterator<ZstdPiece>,
): Promise<void> {
  for (let piece = first; ; ) {
    if (!decoder.write(piece.bytes)) await drained(decoder)
    if (piece.endsFrame || decoder.destroyed) break
    const next = await rest.next()
    if (next.done) break
    piece = next.value
  }
  decoder.end()
}

/** Node reads all members of a gzip file but silently ignores what follows the last; that is found by counting. */
async function* unpackGzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let fedBytes = 0
  async function* count(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      fedBytes += chunk.length
      yield chunk
    }
  }
  const decoder = createGunzip()
  const fed = pipeline(Readable.from(count(), { objectMode: false }), decoder)
  fed.catch(() => {})
  yield* decoder as AsyncIterable<Uint8Array>
  await fed
  if (decoder.bytesWritten !== fedBytes) {
    throw new FormatError(
      'trailing-garbage',
      `${fedBytes - decoder.bytesWritten} bytes follow the end of the gzip data.`,
    )
  }
}
