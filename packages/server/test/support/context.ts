import { join } from 'node:path'
import type { Settings } from '@vieter/config'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { BlobStore } from '../../src/blobs/blob-store.ts'
import type { Context } from '../../src/context.ts'
import { closeContext, createContext } from '../../src/create-context.ts'
import { sha256 } from '../../src/secrets.ts'
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
  const path = join(folder, 'store.sqlite')
  const store = await openStore(path)
  onTestFinished(() => store.destroy())
  const reader = await openReader(path)
  onTestFinished(() => reader.destroy())
  const lookups = createLookups(path)
  onTestFinished(() => lookups.close())
  const made = await createContext(
    {
      settings: settingsIn(folder, changes),
      keyHash: sha256('secret'),
      clock: () => context.time,
      log: pino({ level: 'silent' }),
      wrapBlobs,
    },
    { store, reader, lookups, snapshots: snapshotsOf(path) },
  )
  const context: TestContext = { ...made, folder, time: 1_800_000_000 }
  onTestFinished(() => closeContext(context))
  return context
}
