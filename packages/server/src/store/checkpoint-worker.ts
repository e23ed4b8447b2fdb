import { parentPort, workerData } from 'node:worker_threads'
import { openSqlite } from './sqlite.ts'

/*
 * Copies the write-ahead log into the database file whenever it is told to, while the writer goes on. Copying is random
 * writes and a sync, hundreds of milliseconds for a large store, which no commit should wait for.
 */

const port = parentPort
if (!port) throw new Error('checkpoint-worker runs in a worker thread alone')

const sqlite = openSqlite(workerData as string)

port.on('message', (message: 'checkpoint' | 'close') => {
  if (message === 'close') {
    sqlite.close()
    port.close()
    return
  }
  sqlite.execute('pragma wal_checkpoint(passive)', [])
  port.postMessage('done')
})
