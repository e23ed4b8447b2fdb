import type { Context } from '../context.ts'
import { nextTickOf } from '../domain/next-run.ts'
import { findChore, planChore } from '../store/chores.ts'

type Parts = Pick<Context, 'store' | 'settings' | 'clock'>

const chore = 'clean-up'

/** When the clean-up comes due, as it stands when the server starts: one that was missed is due still. UTC epoch seconds. */
export async function resumeCleanUp(parts: Parts): Promise<number> {
  const planned = await findChore(parts.store, chore)
  // What lies ahead is planned anew: the schedule or the time zone may be another one now.
  return planned !== undefined && planned <= parts.clock() ? planned : planCleanUp(parts)
}

/** Plans the next clean-up, and returns when it comes due, in UTC epoch seconds. */
export async function planCleanUp({ store, settings, clock }: Parts): Promise<number> {
  const nextRun = nextTickOf(settings.log_removal_schedule, clock(), settings)
  await planChore(store, chore, nextRun)
  return nextRun
}
