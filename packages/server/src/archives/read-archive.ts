import { formatFiles, readPackage, readPackageHead } from '@vieter/alpm'
// Not from the package's index: with the whole contract each thread would take 100 ms and 30 MiB more.
import { AppError } from '@vieter/api/app-error'
import type { ArchiveFacts, ArchiveLimits, PackageHead } from './archive-facts.ts'
import type { Decoding } from './decoding.ts'
import { decompress } from './decompress.ts'

const mebibyte = 1024 * 1024

/** From how many bytes on the ratio counts: less does no harm, and what is small may well be all zeros. */
const ratioFloor = 1024 * mebibyte

/** What is stored was taken once, so that only the size of the head, twice what all in it may have, is looked at. */
const headLimits: ArchiveLimits = {
  maxUnpackedSize: 128 * mebibyte,
  maxRatio: Number.POSITIVE_INFINITY,
  maxFiles: Number.POSITIVE_INFINITY,
  maxWindowSize: 1024 * mebibyte,
}

/** What a thread gives to the reading of an archive. */
export type ReadingParts = Omit<Decoding, 'maxWindowSize'>

/**
 * Unpacks an archive and reads what is in it, to the last byte. The memory of a chunk may be used again once the next one
 * is asked for. Throws FormatError, and PACKAGE_TOO_LARGE.
 */
export async function readArchive(
  chunks: AsyncIterable<Uint8Array>,
  parts: ReadingParts,
  limits: ArchiveLimits,
): Promise<Pick<ArchiveFacts, 'compression' | 'pkginfo' | 'files'>> {
  const { compression, tar } = await unpack(chunks, parts, limits)
  const { pkginfo, files } = await readPackage(tar, {
    maxEntries: limits.maxFiles,
    maxFileSize: limits.maxUnpackedSize,
  })
  return { compression, pkginfo, files: formatFiles(files) }
}

/** Unpacks no more of an archive than its head, and reads that. Throws FormatError. */
export async function readHead(chunks: AsyncIterable<Uint8Array>, parts: ReadingParts): Promise<PackageHead> {
  const { tar } = await unpack(chunks, parts, headLimits)
  return readPackageHead(tar)
}

async function unpack(chunks: AsyncIterable<Uint8Array>, parts: ReadingParts, limits: ArchiveLimits) {
  const packed = counted(chunks)
  const { maxWindowSize } = limits
  const { compression, tar } = await decompress(packed.chunks, { ...parts, maxWindowSize })
  return { compression, tar: limited(tar, { ...limits, signal: parts.signal, packedSize: packed.size }) }
}

interface Counted {
  chunks: AsyncIterable<Uint8Array>
  /** Bytes that were asked for so far. */
  size(): number
}

function counted(chunks: AsyncIterable<Uint8Array>): Counted {
  let size = 0
  async function* count(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      size += chunk.length
      yield chunk
    }
  }
  return { chunks: count(), size: () => size }
}

interface Limits extends ArchiveLimits {
  /** Ends the reading with its reason, also in the middle of a chunk that unpacks to very much. */
  signal: AbortSignal
  packedSize(): number
}

async function* limited(
  tar: AsyncIterable<Uint8Array>,
  { maxUnpackedSize, maxRatio, signal, packedSize }: Limits,
): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of tar) {
    signal.throwIfAborted()
    size += chunk.length
    if (size > maxUnpackedSize) {
      throw new AppError('PACKAGE_TOO_LARGE', {
        message: `Unpacked, the package is larger than the ${maxUnpackedSize / mebibyte} MiB that this server takes.`,
        hint: 'Raise `max_unpacked_size` on the server.',
      })
    }
    if (size > ratioFloor && size > maxRatio * packedSize()) {
      throw new AppError('PACKAGE_TOO_LARGE', {
        message: `Unpacked, the package is more than ${maxRatio} times as large as its file, as archives are that were made to explode.`,
        hint: 'If it is meant to be so, raise `max_unpack_ratio` on the server.',
      })
    }
    yield chunk
  }
}
