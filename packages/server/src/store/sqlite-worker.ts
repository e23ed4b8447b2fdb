import { parentPort, workerData } from 'node:worker_threads'
import { createCheckpoints } from './checkpoints.ts'
import { openSqlite } from './sqlite.ts'
import type { FromSqliteThread, ToSqliteThread } from './sqlite-thread.ts'

/*
 * The one connection that writes, on a thread of its own: a commit that waits for the disk holds up no request.
 */

const port = parentPort
if (!port) throw new Error('sqlite-worker runs in a worker thread alone')

const path = workerData as string
const sqlite = openSqlite(path)
const checkpoints = createCheckpoints(sqlite, path)

port.on('message', async (message: ToSqliteThread) => {
  if (message === 'close') {
    await checkpoints.close()
    sqlite.close()
    port.close()
    return
  }
  port.postMessage(answer(message))
  if (message.sql === 'commit') checkpoints.committed()
})

function answer({ id, sql, parameters }: Exclude<ToSqliteThread, 'close'>): FromSqliteThread {
  try {
    return { id, result: sqlite.execute(sql, parameters) }
  } catch (fault) {
    const { message, code, errcode } = fault as Error & { code?: string; errcode?: number }
    return { id, fault: { message, code, errcode } }
  }
}
