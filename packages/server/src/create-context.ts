import { EventEmitter } from 'node:events'
import type { Settings } from '@vieter/config'
import type { Logger } from 'pino'
import { createArchiveReaders } from './archives/archive-readers.ts'
import type { BlobStore } from './blobs/blob-store.ts'
import { diskSpace } from './blobs/disk-space.ts'
import { fsBlobs } from './blobs/fs-blobs.ts'
import { logFiles } from './blobs/log-files.ts'
import type { Context } from './context.ts'
import { dataPaths } from './data-paths.ts'
import { formatOf } from './databases/entry-reader.ts'
import { packFiles } from './databases/pack-files.ts'
import { createRenderers } from './databases/renderers.ts'
import { makeFolder } from './files.ts'
import { openArchRepos } from './services/arch-repos.ts'
import { createCommitQueue } from './services/commit-queue.ts'
import { openPolicies } from './services/repository-policies.ts'
import { openTokenRegistry } from './services/token-registry.ts'
import { createTurns } from './services/turns.ts'
import type { Lookups } from './store/lookups.ts'
import type { Store } from './store/open-store.ts'
import type { Snapshots } from './store/snapshots.ts'

/** How many packages are opened at once for what they say of themselves. */
const headReadings = 4
const mebibyte = 1024 * 1024

/** The ways to the SQL store, which whoever opened them closes. */
export interface OpenStores {
  store: Store
  reader: Store
  lookups: Lookups
  snapshots: Snapshots
}

interface ContextOptions {
  settings: Settings
  /** The SHA-256 of the API key. */
  keyHash: Buffer
  clock: () => number
  log: Logger
  /** Puts something between the server and its blobs. */
  wrapBlobs?: (blobs: BlobStore) => BlobStore
}

/** Makes what the services work with. `closeContext` ends it. */
export async function createContext(
  { settings, keyHash, clock, log, wrapBlobs = (blobs) => blobs }: ContextOptions,
  { store, reader, lookups, snapshots }: OpenStores,
): Promise<Context> {
  const paths = dataPaths(settings)
  const blobs = wrapBlobs(await fsBlobs(paths.packages))
  await makeFolder(paths.databases)
  const parts = {
    settings,
    store,
    blobs,
    packs: packFiles(paths.databases),
    renderers: createRenderers(paths.store, store),
    archRepos: await openArchRepos(store),
    policies: await openPolicies(store, settings),
    format: formatOf(settings),
    clock,
    log,
  }
  return {
    ...parts,
    reader,
    snapshots,
    lookups,
    fileSearches: createTurns(1),
    headReadings: createTurns(headReadings),
    archives: createArchiveReaders({ decoderMemory: settings.decoder_memory * mebibyte }),
    disk: diskSpace(
      [settings.data_dir, ...(settings.pkg_dir ? [paths.packages] : [])],
      settings.disk_reserve,
    ),
    logFiles: await logFiles(paths.logs),
    tokens: await openTokenRegistry(store, { keyHash, clock }),
    commits: createCommitQueue(parts),
    jobEvents: new EventEmitter({ captureRejections: false }).setMaxListeners(0),
    stopping: new AbortController(),
  }
}

/** Waits for the changes under way, and ends all threads and files but those of the SQL store. */
export async function closeContext({ commits, archives, renderers, packs }: Context): Promise<void> {
  await commits.idle()
  await archives.stop()
  await renderers.close()
  await packs.close()
}
