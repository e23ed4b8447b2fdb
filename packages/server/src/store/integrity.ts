import { sql } from 'kysely'
import type { Store } from './open-store.ts'

/** What SQLite finds wrong with its own file; reads all of it. */
export async function findStoreFaults(store: Store): Promise<string[]> {
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check(20)`.execute(store)
  return rows.map((row) => row.integrity_check).filter((text) => text !== 'ok')
}
