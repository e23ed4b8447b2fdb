import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import type { Settings } from '@vieter/config'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { BlobStore } from '../../src/blobs/blob-store.ts'
import { fsBlobs } from '../../src/blobs/fs-blobs.ts'
import { logFiles } from '../../src/blobs/log-files.ts'
import type { Context } from '../../src/context.ts'
import { generationFiles } from '../../src/databases/generation-files.ts'
import { createCommitQueue } from '../../src/services/commit-queue.ts'
import { openStore } from '../../src/store/open-store.ts'
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
  const blobs = wrapBlobs(await fsBlobs(join(folder, 'packages')))
  const generations = generationFiles(join(folder, 'databases'))
  const log = pino({ level: 'silent' })
  const clock = () => context.time
  const context: TestContext = {
    folder,
    time: 1_800_000_000,
    settings,
    store,
    blobs,
    generations,
    logFiles: await logFiles(join(folder, 'logs')),
    commits: createCommitQueue({ store, blobs, generations, clock, settings, log }),
    jobEvents: new EventEmitter(),
    stopping: new AbortController(),
    clock,
    log,
  }
  return context
}
