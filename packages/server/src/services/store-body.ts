import { AppError } from '@vieter/api'
import { fillSlots } from '../archives/fill-slots.ts'
import type { ArchiveReading } from '../archives/reader-thread.ts'
import type { Slots } from '../archives/slots.ts'
import type { StagedBlob } from '../blobs/blob-store.ts'
import type { DiskSpace } from '../blobs/disk-space.ts'
import { interruptible } from '../streams.ts'

const mebibyte = 1024 * 1024

/** How many slots of one body are being written or read while the next is filled. */
const maxInFlight = 3

/** After how many bytes the room on the disk is looked at again. */
const checkEvery = 16 * mebibyte

export interface PackageBody {
  chunks: AsyncIterable<Uint8Array>
  /** Bytes, as the sender says; left out when it does not. */
  declaredSize?: number | undefined
  /** What the sender calls the file; left out when it does not say. */
  filename?: string | undefined
}

interface Parts {
  staged: StagedBlob
  reading: ArchiveReading
  slots: Slots
  disk: DiskSpace
}

/**
 * Moves a body to its file and to its reader, both from the same memory and at the same time, at the pace of the slower
 * one. When this ends, also with a fault, nothing is being written any more. A fault of the reader ends it at once, without
 * waiting for the sender. Throws PACKAGE_TOO_LARGE, STORAGE_FULL, and what body, file and reader throw.
 */
export async function storeBody(parts: Parts, body: PackageBody, maxSize: number): Promise<void> {
  const { staged, reading, slots } = parts
  const chunks = interruptible(guarded(parts, body, maxSize))
  reading.facts.catch(chunks.interrupt)
  const inFlight: Promise<void>[] = []
  let written: Promise<void> = Promise.resolve()
  try {
    for await (const slot of fillSlots(chunks, slots, body.declaredSize)) {
      written = written.then(() => staged.write(slot))
      written.catch(chunks.interrupt)
      const done = Promise.all([written, reading.read(slot)]).then(() => slots.give(slot))
      done.catch(() => {})
      inFlight.push(done)
      if (inFlight.length >= maxInFlight) await inFlight.shift()
    }
    reading.end()
    await Promise.all(inFlight)
  } finally {
    await written.catch(() => {})
  }
}

/** The body, refused as soon as it is too large or the disk too full. */
async function* guarded(
  { disk }: Parts,
  { chunks, declaredSize = 0 }: PackageBody,
  maxSize: number,
): AsyncGenerator<Uint8Array> {
  let size = 0
  let nextCheck = checkEvery
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > maxSize) {
      throw new AppError('PACKAGE_TOO_LARGE', {
        message: `The package is larger than the ${maxSize / mebibyte} MiB that this server takes.`,
      })
    }
    if (size >= nextCheck) {
      nextCheck = size + checkEvery
      await disk.check(Math.max(0, declaredSize - size))
    }
    yield chunk
  }
}
