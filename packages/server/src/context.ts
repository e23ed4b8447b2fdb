import type { EventEmitter } from 'node:events'
import type { Settings } from '@vieter/config'
import type { Logger } from 'pino'
import type { ArchiveReaders } from './archives/archive-readers.ts'
import type { BlobStore } from './blobs/blob-store.ts'
import type { DiskSpace } from './blobs/disk-space.ts'
import type { LogFiles } from './blobs/log-files.ts'
import type { PackFiles } from './databases/pack-files.ts'
import type { Renderers } from './databases/renderers.ts'
import type { DatabaseFormat } from './domain/desc-fields.ts'
import type { ArchRepos } from './services/arch-repos.ts'
import type { CommitQueue } from './services/commit-queue.ts'
import type { RepositoryPolicies } from './services/repository-policies.ts'
import type { TokenRegistry } from './services/token-registry.ts'
import type { Turns } from './services/turns.ts'
import type { Lookups } from './store/lookups.ts'
import type { Store } from './store/open-store.ts'
import type { Snapshots } from './store/snapshots.ts'

/** Tells those who wait for a job that one was queued. */
type JobEvents = EventEmitter<{ queued: [] }>

/** What the services work with. Made once, by the composition root; a service names the parts that it uses. */
export interface Context {
  settings: Settings
  store: Store
  /** The same data, for questions that must not wait for a commit. It changes nothing. */
  reader: Store
  /** The same data as it is at one moment, for long readings. */
  snapshots: Snapshots
  /** The same data, for questions that may take long. */
  lookups: Lookups
  fileSearches: Turns
  headReadings: Turns
  blobs: BlobStore
  archives: ArchiveReaders
  disk: DiskSpace
  logFiles: LogFiles
  packs: PackFiles
  renderers: Renderers
  archRepos: ArchRepos
  policies: RepositoryPolicies
  tokens: TokenRegistry
  format: DatabaseFormat
  commits: CommitQueue
  jobEvents: JobEvents
  /** Aborted when the server begins to stop: whoever waits, stops waiting. */
  stopping: AbortController
  /** The time now, in UTC epoch seconds. */
  clock: () => number
  log: Logger
}
