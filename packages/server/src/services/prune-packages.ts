import type { Context } from '../context.ts'
import { chooseSpare } from '../domain/retention.ts'
import { findRemovedBefore, takePackages } from '../store/retention.ts'

const secondsPerDay = 86_400

/** Deletes the files of replaced and removed packages that nothing keeps any more; returns how many. */
export async function prunePackages({
  store,
  blobs,
  clock,
  settings,
}: Pick<Context, 'store' | 'blobs' | 'clock' | 'settings'>): Promise<number> {
  const before = clock() - settings.keep_days * secondsPerDay
  const keys = await store.transaction().execute(async (trx) => {
    const spare = chooseSpare(await findRemovedBefore(trx, before), settings.keep_versions)
    return takePackages(trx, spare)
  })
  for (const key of keys) await blobs.delete(key)
  return keys.length
}
