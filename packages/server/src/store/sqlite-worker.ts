import { parentPort, workerData } from 'node:worker_threads'
import { openSqlite } from './sqlite.ts'
import type { FromSqliteThread, ToSqliteThread } from './sqlite-thread.ts'

/*
 * The one connection that writes, on a thread of its own: a commit that waits for the disk holds up no request.
 */

const port = parentPort
if (!port) throw new Error('sqlite-worker runs in a worker thread alone')

const sqlite = openSqlite(workerData as string)

port.on('message', (message: ToSqliteThread) => {
  if (message === 'close') {
    sqlite.close()
    port.close()
    return
  }
  port.postMessage(answer(message))
})

function answer({ id, sql, parameters }: Exclude<ToSqliteThread, 'close'>): FromSqliteThread {
  try {
    return { id, result: sqlite.execute(sql, parameters) }
  } catch (fault) {
    const { message, code, errcode } = fault as Error & { code?: string; errcode?: number }
    return { id, fault: { message, code, errcode } }
  }
}
