import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { PathPick } from '../domain/pick-paths.ts'
import type { SqliteResult } from './sqlite.ts'

export type ToSqliteThread =
  | 'close'
  | { id: number; sql: string; parameters: readonly unknown[]; pick: PathPick | undefined }

/** What the thread begins with. */
export interface SqliteThreadData {
  path: string
  /** The one that writes, or one that can only read. */
  role: 'writer' | 'reader'
}

export type FromSqliteThread =
  | { id: number; result: SqliteResult }
  | { id: number; fault: { message: string; code: string | undefined; errcode: number | undefined } }

/** A connection to SQLite that lives on a thread of its own. */
export interface SqliteThread {
  /**
   * Runs one statement. With `pick`, each row's `files` is read there and replaced by its `paths`, and rows without any are
   * left out. Rejects with an error that carries node:sqlite's `code` and `errcode`.
   */
  execute(sql: string, parameters: readonly unknown[], pick?: PathPick): Promise<SqliteResult>
  /** Whether it died, or was closed. */
  hasEnded(): boolean
  close(): Promise<void>
}

interface Waiting {
  resolve(result: SqliteResult): void
  reject(fault: Error): void
}

/** Of one that reads long texts: what the longest takes twice over, and little garbage at a time. MiB. */
const resourceLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 512 }

/** Opens an SQLite file on a new thread. A file that can't be opened rejects the first statement. */
export function sqliteThread(path: string, role: SqliteThreadData['role']): SqliteThread {
  const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
    workerData: { path, role } satisfies SqliteThreadData,
    ...(role === 'reader' ? { resourceLimits } : {}),
  })
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  let ended: Error | undefined
  worker.on('message', (message: FromSqliteThread) => {
    const request = waiting.get(message.id)
    waiting.delete(message.id)
    if ('result' in message) request?.resolve(message.result)
    else request?.reject(Object.assign(new Error(message.fault.message), message.fault))
  })
  const end = (fault: Error) => {
    ended ??= fault
    for (const { reject } of waiting.values()) reject(ended)
    waiting.clear()
  }
  worker.on('error', end)
  worker.on('exit', () => end(new Error('The thread of the SQL store has ended.')))
  return {
    execute(sql, parameters, pick) {
      if (ended) return Promise.reject(ended)
      const { promise, resolve, reject } = Promise.withResolvers<SqliteResult>()
      lastId += 1
      waiting.set(lastId, { resolve, reject })
      worker.postMessage({ id: lastId, sql, parameters, pick } satisfies ToSqliteThread)
      return promise
    },
    hasEnded: () => ended !== undefined,
    async close() {
      if (ended) return
      const exited = once(worker, 'exit')
      worker.postMessage('close' satisfies ToSqliteThread)
      await exited
    },
  }
}
