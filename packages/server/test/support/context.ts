import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import type { Settings } from '@vieter/config'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createArchiveReaders } from '../../src/archives/archive-readers.ts'
import type { BlobStore } from '../../src/blobs/blob-store.ts'
import { diskSpace } from '../../src/blobs/disk-space.ts'
import { fsBlobs } from '../../src/blobs/fs-blobs.ts'
import { logFiles } from '../../src/blobs/log-files.ts'
import type { Context } from '../../src/context.ts'
import { formatOf } from '../../src/databases/entry-reader.ts'
import { packFiles } from '../../src/databases/pack-files.ts'
import { createRenderers } from '../../src/databases/renderers.ts'
import { sha256 } from '../../src/secrets.ts'
import { openArchRepos } from '../../src/services/arch-repos.ts'
import { createCommitQueue } from '../../src/services/commit-queue.ts'
import { openPolicies } from '../../src/services/repository-policies.ts'
import { openTokenRegistry } from '../../src/services/token-registry.ts'
import { createTurns } from '../../src/services/turns.ts'
import { createLookups } from '../../src/store/lookups.ts'
import { openReader, openStore } from '../../src/store/open-store.ts'
import { snapshotsOf } from '../../src/store/snapshots.ts'
import { temporaryFolder } from './folders.ts'
import { settingsIn } from './settings.ts'

/** A server's context without its HTTP, and with a clock that the test sets. */
export interface TestContext extends Context {
  folder: string
  /** The time that the clock shows, in UTC epoch seconds. */
  time: number
}

/** `wrapBlobs` may put something between the server and its blobs. */
export async function makeContext(
  changes: Partial<Settings> = {},
  wrapBlobs: (blobs: BlobStore) => BlobStore = (blobs) => blobs,
): Promise<TestContext> {
  const folder = temporaryFolder(onTestFinished)
  const settings = settingsIn(folder, changes)
  const store = await openStore(join(folder, 'store.sqlite'))
  onTestFinished(() => store.destroy())
  const reader = await openReader(join(folder, 'store.sqlite'))
  onTestFinished(() => reader.destroy())
  const lookups = createLookups(join(folder, 'store.sqlite'))
  onTestFinished(() => lookups.close())
  const blobs = wrapBlobs(await fsBlobs(join(folder, 'packages')))
  const archives = createArchiveReaders()
  onTestFinished(() => archives.stop())
  const packs = packFiles(join(folder, 'databases'))
  const renderers = createRenderers(join(folder, 'store.sqlite'), store)
  onTestFinished(async () => {
    await context.commits.idle()
    await renderers.close()
    await packs.close()
  })
  const archRepos = await openArchRepos(store)
  const policies = await openPolicies(store, settings)
  const format = formatOf(settings)
  const log = pino({ level: 'silent' })
  const clock = () => context.time
  const context: TestContext = {
    folder,
    time: 1_800_000_000,
    settings,
    store,
    blobs,
    archives,
    disk: diskSpace([folder], settings.disk_reserve),
    reader,
    snapshots: snapshotsOf(join(folder, 'store.sqlite')),
    lookups,
    fileSearches: createTurns(1),
    headReadings: createTurns(4),
    packs,
    renderers,
    archRepos,
    policies,
    tokens: await openTokenRegistry(store, { keyHash: sha256('secret'), clock }),
    format,
    logFiles: await logFiles(join(folder, 'logs')),
    commits: createCommitQueue({
      store,
      blobs,
      packs,
      renderers,
      archRepos,
      policies,
      format,
      clock,
      settings,
      log,
    }),
    jobEvents: new EventEmitter(),
    stopping: new AbortController(),
    clock,
    log,
  }
  return context
}
