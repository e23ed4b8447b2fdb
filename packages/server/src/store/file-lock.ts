import { DatabaseSync } from 'node:sqlite'

/** How long a lock is waited for, in milliseconds: others may try for a moment whether it is free. */
const patience = 250

/**
 * Locks a file, made where there is none, for this process; undefined when another process holds it. The operating
 * system lets go of the lock when the process ends, however it ends: it is SQLite's own lock (fcntl(2)) on an empty
 * file, since Node.js offers no other. Returns what gives it back.
 */
export function tryLock(path: string): (() => void) | undefined {
  const lock = new DatabaseSync(path, { timeout: patience })
  try {
    lock.exec('begin exclusive')
    return () => lock.close()
  } catch (cause) {
    lock.close()
    if (!(cause instanceof Error) || !/locked|busy/.test(cause.message)) throw cause
    return undefined
  }
}
