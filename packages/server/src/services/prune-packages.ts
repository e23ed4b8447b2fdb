import type { Context } from '../context.ts'
import { takeRemovedBefore } from '../store/repositories.ts'

/** How long the file of a replaced or removed package is still served, for clients that hold an older database: 7 days. */
const graceSeconds = 7 * 86_400

/** Deletes the files of packages whose grace period is over; returns how many. */
export async function prunePackages({
  store,
  blobs,
  clock,
}: Pick<Context, 'store' | 'blobs' | 'clock'>): Promise<number> {
  const keys = await store.transaction().execute((trx) => takeRemovedBefore(trx, clock() - graceSeconds))
  for (const key of keys) await blobs.delete(key)
  return keys.length
}
