import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AppError } from '@vieter/api'

/**
 * Takes a data folder for this process: one server may change it at a time, others may read. The operating system lets
 * go of the lock when the process ends, however it ends: it is SQLite's own lock (fcntl(2)) on an empty file, since
 * Node.js offers no other. Returns what gives it back. Throws DATA_IN_USE.
 */
export function lockDataFolder(folder: string): () => void {
  const lock = new DatabaseSync(join(folder, 'server.lock'), { timeout: 0 })
  try {
    lock.exec('begin exclusive')
  } catch (cause) {
    lock.close()
    if (!(cause instanceof Error) || !/locked|busy/.test(cause.message)) throw cause
    throw new AppError('DATA_IN_USE', { message: `Another server uses ${folder}.`, cause })
  }
  return () => lock.close()
}
