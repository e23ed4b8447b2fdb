import { sql } from 'kysely'
import { openReader, type Store } from './open-store.ts'

/**
 * Reads the store as it is at one moment, whoever writes it meanwhile: all that `read` asks is answered from the same
 * commit. Each call sees the newest one. As long as it runs, the write-ahead log cannot be emptied.
 */
export type Snapshots = <T>(read: (store: Store) => Promise<T>) => Promise<T>

/** Snapshots of the store in a file. They throw what `openReader` throws. */
export function snapshotsOf(path: string): Snapshots {
  return async (read) => {
    const reader = await openReader(path)
    try {
      await sql`begin`.execute(reader)
      return await read(reader)
    } finally {
      await reader.destroy()
    }
  }
}
