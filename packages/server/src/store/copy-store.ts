import { sql } from 'kysely'
import { openReader, openStore, type Store } from './open-store.ts'

/**
 * Copies the store in a file, as it is at one moment, into a new file, and opens that for changes. What databases are
 * strung from is left out: a server that starts on the copy makes them anew. Throws what `openReader` throws.
 */
export async function copyStore(from: string, to: string): Promise<Store> {
  const reader = await openReader(from)
  try {
    // One read transaction, whoever writes meanwhile (https://sqlite.org/lang_vacuum.html).
    await sql`vacuum into ${to}`.execute(reader)
  } finally {
    await reader.destroy()
  }
  const store = await openStore(to)
  try {
    await store.deleteFrom('segments').execute()
    await store.updateTable('arch_repos').set({ format: '' }).execute()
    return store
  } catch (fault) {
    await store.destroy()
    throw fault
  }
}

/** Numbers of generations that a server may have given out after it was backed up. */
const generationsSince = 1_000_000

/** Sees to it that the generations of a restored store are told apart from all that clients have seen. */
export async function passGenerations(store: Store, now: number): Promise<void> {
  await store
    .updateTable('arch_repos')
    .set(({ eb, fn, val, ref }) => ({
      generation: eb('generation', '+', generationsSince),
      last_modified: fn<number>('max', [ref('last_modified'), val(now)]),
    }))
    .execute()
}
