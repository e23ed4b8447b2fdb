import { parentPort, workerData } from 'node:worker_threads'
import { pickPaths } from '../domain/pick-paths.ts'
import { createCheckpoints } from './checkpoints.ts'
import { openSqlite, openSqliteReadOnly, type SqliteResult } from './sqlite.ts'
import type { FromSqliteThread, SqliteThreadData, ToSqliteThread } from './sqlite-thread.ts'

/*
 * A connection on a thread of its own: the one that writes, so that a commit that waits for the disk holds up no request,
 * or one that reads, so that a long search doesn't.
 */

const port = parentPort
if (!port) throw new Error('sqlite-worker runs in a worker thread alone')

const { path, role } = workerData as SqliteThreadData
const sqlite = role === 'writer' ? openSqlite(path) : openSqliteReadOnly(path)
const checkpoints = role === 'writer' ? createCheckpoints(sqlite, path) : undefined

port.on('message', async (message: ToSqliteThread) => {
  if (message === 'close') {
    await checkpoints?.close()
    sqlite.close()
    port.close()
    return
  }
  port.postMessage(answer(message))
  if (message.sql === 'commit') checkpoints?.committed()
})

type Request = Exclude<ToSqliteThread, 'close'>

function answer(request: Request): FromSqliteThread {
  const { id } = request
  try {
    return { id, result: run(request) }
  } catch (fault) {
    const { message, code, errcode } = fault as Error & { code?: string; errcode?: number }
    return { id, fault: { message, code, errcode } }
  }
}

function run({ sql, parameters, pick }: Request): SqliteResult {
  if (!pick) return sqlite.execute(sql, parameters)
  const rows: unknown[] = []
  for (const row of sqlite.iterate(sql, parameters)) {
    const { files, ...others } = row as { files: string }
    const paths = pickPaths(files, pick)
    if (paths.length > 0) rows.push({ ...others, paths })
  }
  return { rows }
}
