import { formatFiles, readPackage, readPackageHead } from '@vieter/alpm'
// Not from the package's index: with the whole contract each thread would take 100 ms and 30 MiB more.
import { AppError } from '@vieter/api/app-error'
import type { ArchiveFacts, PackageHead } from './archive-facts.ts'
import { decompress } from './decompress.ts'

const mebibyte = 1024 * 1024

/** Bytes of the tar in which the head of a package must end: all that is in it at its limits, twice. */
const maxHeadSize = 128 * mebibyte

interface ReadLimits {
  /** Bytes. */
  maxUnpackedSize: number
  /** Ends the reading with its reason, also in the middle of a chunk that unpacks to very much. */
  signal: AbortSignal
}

/**
 * Unpacks an archive and reads what is in it, to the last byte. The memory of a chunk may be used again once the next one
 * is asked for. Throws FormatError, and PACKAGE_TOO_LARGE.
 */
export async function readArchive(
  chunks: AsyncIterable<Uint8Array>,
  limits: ReadLimits,
): Promise<Pick<ArchiveFacts, 'compression' | 'pkginfo' | 'files'>> {
  const { compression, tar } = await decompress(chunks)
  const { pkginfo, files } = await readPackage(limited(tar, limits))
  return { compression, pkginfo, files: formatFiles(files) }
}

/**
 * Unpacks no more of an archive than its head, and reads that; limited by the sizes that the files in it may have.
 * Throws FormatError.
 */
export async function readHead(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<PackageHead> {
  const { tar } = await decompress(chunks)
  return readPackageHead(limited(tar, { maxUnpackedSize: maxHeadSize, signal }))
}

async function* limited(
  tar: AsyncIterable<Uint8Array>,
  { maxUnpackedSize, signal }: ReadLimits,
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
    yield chunk
  }
}
