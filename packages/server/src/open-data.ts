import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '@vieter/api'
import type { Settings } from '@vieter/config'
import { pino } from 'pino'
import type { BlobStore } from './blobs/blob-store.ts'
import { fsBlobs } from './blobs/fs-blobs.ts'
import { listBlobs } from './blobs/list-blobs.ts'
import { openFile } from './blobs/open-file.ts'
import { clock } from './clock.ts'
import type { Context } from './context.ts'
import { type DataPaths, dataPaths } from './data-paths.ts'
import { formatOf } from './databases/entry-reader.ts'
import { type PackFiles, packFiles } from './databases/pack-files.ts'
import { createRenderers } from './databases/renderers.ts'
import { isErrnoException } from './files.ts'
import { openArchRepos } from './services/arch-repos.ts'
import { createCommitQueue } from './services/commit-queue.ts'
import { openPolicies } from './services/repository-policies.ts'
import { isDataFolderInUse, lockDataFolder } from './store/data-lock.ts'
import { openStore } from './store/open-store.ts'
import { type Snapshots, snapshotsOf } from './store/snapshots.ts'

/** The data of a server that may be running, for reading alone. */
export interface OpenData {
  paths: DataPaths
  snapshots: Snapshots
  blobs: Pick<BlobStore, 'list' | 'open'> & { pathOf(key: string): string }
  packs: PackFiles
  clock: () => number
  isInUse: () => boolean
  close(): Promise<void>
}

/** Opens the data of the settings. Throws DATA_NOT_FOUND. */
export async function openData(settings: Settings): Promise<OpenData> {
  const paths = dataPaths(settings)
  await checkStoreExists(paths)
  const packs = packFiles(paths.databases)
  const pathOf = (key: string) => join(paths.packages, key)
  return {
    paths,
    snapshots: snapshotsOf(paths.store),
    blobs: { list: () => listBlobs(paths.packages), open: (key) => openFile(pathOf(key)), pathOf },
    packs,
    clock,
    isInUse: () => isDataFolderInUse(paths.folder),
    close: () => packs.close(),
  }
}

async function checkStoreExists({ folder, store }: DataPaths): Promise<void> {
  try {
    await stat(store)
  } catch (cause) {
    if (!isErrnoException(cause) || cause.code !== 'ENOENT') throw cause
    throw new AppError('DATA_NOT_FOUND', { message: `${folder} holds no data of a Vieter server.`, cause })
  }
}

/** The same data for changing it, as no server does meanwhile. */
export interface LockedData
  extends OpenData,
    Pick<Context, 'store' | 'renderers' | 'archRepos' | 'commits' | 'format' | 'log'> {
  blobs: BlobStore & { pathOf(key: string): string }
}

/** Opens the data of the settings and keeps servers away until it is closed. Throws DATA_IN_USE and DATA_NOT_FOUND. */
export async function lockData(settings: Settings): Promise<LockedData> {
  const open = await openData(settings)
  const letGo = lockDataFolder(open.paths.folder)
  try {
    const store = await openStore(open.paths.store)
    const blobs = { ...(await fsBlobs(open.paths.packages)), pathOf: open.blobs.pathOf }
    const renderers = createRenderers(open.paths.store, store)
    const archRepos = await openArchRepos(store)
    const policies = await openPolicies(store, settings)
    const format = formatOf(settings)
    const log = pino({ level: 'silent' })
    const { packs } = open
    const parts = { store, blobs, packs, renderers, archRepos, policies, format, clock, settings, log }
    const commits = createCommitQueue(parts)
    return {
      ...open,
      ...parts,
      commits,
      isInUse: () => false,
      async close() {
        await commits.idle()
        await renderers.close()
        await open.close()
        await store.destroy()
        letGo()
      },
    }
  } catch (fault) {
    letGo()
    throw fault
  }
}
