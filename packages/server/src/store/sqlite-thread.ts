import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { SqliteResult } from './sqlite.ts'

export type ToSqliteThread = 'close' | { id: number; sql: string; parameters: readonly unknown[] }

export type FromSqliteThread =
  | { id: number; result: SqliteResult }
  | { id: number; fault: { message: string; code: string | undefined; errcode: number | undefined } }

/** A connection to SQLite that lives on a thread of its own. */
export interface SqliteThread {
  /** Runs one statement. Rejects with an error that carries node:sqlite's `code` and `errcode`. */
  execute(sql: string, parameters: readonly unknown[]): Promise<SqliteResult>
  close(): Promise<void>
}

interface Waiting {
  resolve(result: SqliteResult): void
  reject(fault: Error): void
}

/** Opens an SQLite file on a new thread. A file that can't be opened rejects the first statement. */
export function sqliteThread(path: string): SqliteThread {
  const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData: path })
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
    execute(sql, parameters) {
      if (ended) return Promise.reject(ended)
      const { promise, resolve, reject } = Promise.withResolvers<SqliteResult>()
      lastId += 1
      waiting.set(lastId, { resolve, reject })
      worker.postMessage({ id: lastId, sql, parameters } satisfies ToSqliteThread)
      return promise
    },
    async close() {
      if (ended) return
      const exited = once(worker, 'exit')
      worker.postMessage('close' satisfies ToSqliteThread)
      await exited
    },
  }
}
