import { AppError } from '@vieter/api'
import type { PackageHead } from '../archives/archive-facts.ts'
import type { ArchiveReading } from '../archives/reader-thread.ts'
import type { OpenBlob } from '../blobs/blob-store.ts'
import type { Context } from '../context.ts'

/** Bytes that are read at a time: more than the head of most packages. */
const pieceSize = 64 * 1024

/**
 * What a stored package says of itself: its .PKGINFO, .BUILDINFO, .MTREE, .INSTALL and .CHANGELOG, those that it has, as
 * they lie in the archive (.MTREE is compressed). Only the beginning of the blob is read and unpacked.
 * Throws FILE_NOT_FOUND without a blob, and FormatError where it is damaged.
 */
export async function readPackageHead(
  { blobs, archives }: Pick<Context, 'blobs' | 'archives'>,
  blobKey: string,
): Promise<PackageHead> {
  const blob = await blobs.open(blobKey)
  if (!blob) throw new AppError('FILE_NOT_FOUND', { message: 'The file of the package is missing.' })
  const reading = archives.openHead()
  try {
    await handOver(blob, reading)
    return await reading.facts
  } finally {
    reading.abort()
    await blob.close()
  }
}

/** Hands over pieces until no more are wanted, or there are no more. */
async function handOver(blob: OpenBlob, reading: ArchiveReading<PackageHead>): Promise<void> {
  const piece = new Uint8Array(new SharedArrayBuffer(pieceSize))
  let isFound = false
  const found = reading.facts.then(() => {
    isFound = true
  })
  found.catch(() => {})
  for (let position = 0; !isFound; ) {
    const count = await blob.read(piece, position)
    if (count === 0) return reading.end()
    await reading.read(piece.subarray(0, count))
    position += count
  }
}
