import { readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { isErrnoException } from '../files.ts'
import type { OpenBlob } from './blob-store.ts'

export type { OpenBlob }

/** Opens a file for reading at positions; undefined when there is none. */
export async function openFile(path: string): Promise<OpenBlob | undefined> {
  try {
    const file = await open(path, 'r')
    const { size } = await file.stat()
    return {
      size,
      read: createReader(file),
      close: () => file.close(),
    }
  } catch (fault) {
    if (isErrnoException(fault) && fault.code === 'ENOENT') return undefined
    throw fault
  }
}

/** Milliseconds: what the system has in memory is read in a tenth of this, also 2 MiB; what lies on a disk in a multiple. */
const quick = 4
/** How many reads go through the pool after the first one that was slow; after each further one twice as many. */
const firstPause = 4

/**
 * Reads that go through Node's thread pool cost half as much again as the copying itself (measured), for nothing when the
 * system has the file in memory, as it has the packages that are downloaded. So a read is done at once, on this thread,
 * until one is slow; then the pool does them, and it is tried again ever more rarely, so that a slow disk delays others
 * a few times in a whole download.
 */
function createReader(file: FileHandle): OpenBlob['read'] {
  let pooled = 0
  let pause = firstPause
  return async (target, position) => {
    if (pooled > 0) {
      pooled -= 1
      return (await file.read(target, 0, target.length, position)).bytesRead
    }
    const started = performance.now()
    const count = readSync(file.fd, target, 0, target.length, position)
    if (performance.now() - started < quick) {
      pause = firstPause
      return count
    }
    pooled = pause
    pause *= 2
    return count
  }
}
