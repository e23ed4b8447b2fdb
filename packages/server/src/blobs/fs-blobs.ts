import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder, syncFolder, writeAll } from '../files.ts'
import type { BlobStore, StagedBlob } from './blob-store.ts'
import { listBlobs } from './list-blobs.ts'
import { openFile } from './open-file.ts'

/** After how many bytes of one file the disk is set to work. */
const syncEvery = 64 * 1024 * 1024

/**
 * Blobs as files below a folder. Staged ones live in `.staging`, which is emptied here at start: whatever lies there
 * was never acknowledged. A commit syncs the file, renames it, and syncs every folder whose contents changed.
 */
export async function fsBlobs(folder: string): Promise<BlobStore> {
  const staging = join(folder, '.staging')
  await rm(staging, { recursive: true, force: true })
  await makeFolder(staging)
  return {
    stage: (key) => stageFile(join(staging, randomBytes(12).toString('hex')), folder, key),
    open: (key) => openFile(join(folder, key)),
    delete: (key) => rm(join(folder, key), { force: true }),
    list: () => listBlobs(folder),
  }
}

async function stageFile(path: string, folder: string, key: string): Promise<StagedBlob> {
  const file = await open(path, 'wx', 0o644)
  const early = earlySync(() => file.datasync())
  let position = 0
  let closed = false
  async function close(): Promise<void> {
    if (closed) return
    closed = true
    await file.close()
  }
  return {
    async write(chunk) {
      await writeAll(file, chunk, position)
      position += chunk.length
      early.passed(position)
    },
    async commit() {
      // The kernel tells of a failed write once (fsync(2)): what an early sync was told, the last one is not.
      await early.ended()
      await file.datasync()
      await close()
      await moveInto(path, folder, key)
    },
    async discard() {
      await early.ended().catch(() => {})
      await close()
      await rm(path, { force: true })
    },
  }
}

interface EarlySync {
  /** To be called with the bytes written so far. */
  passed(position: number): void
  /** Resolves when no sync is under way; throws when one failed. */
  ended(): Promise<void>
}

/** Syncs a file while it is still being written, so that little is left to do when it is whole. */
function earlySync(sync: () => Promise<void>): EarlySync {
  let next = syncEvery
  let busy = false
  let last: Promise<void> = Promise.resolve()
  return {
    passed(position) {
      if (busy || position < next) return
      next = position + syncEvery
      busy = true
      last = last.then(sync).finally(() => {
        busy = false
      })
      last.catch(() => {})
    },
    ended: () => last,
  }
}

async function moveInto(path: string, folder: string, key: string): Promise<void> {
  const place = join(folder, key)
  const made = await mkdir(dirname(place), { recursive: true })
  await rename(path, place)
  try {
    await syncFolder(dirname(place))
    if (made) await syncFolder(dirname(made))
  } catch (fault) {
    // Nobody will ever ask for it under this name.
    await rm(place, { force: true })
    throw fault
  }
}
