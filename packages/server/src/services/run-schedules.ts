import type { Context } from '../context.ts'
import { enqueueJob } from '../store/jobs.ts'
import { findDueTargets, findFutureDefaultTargets, setNextRun } from '../store/targets.ts'
import { nextRunOf } from './add-target.ts'

type Parts = Pick<Context, 'store' | 'settings' | 'clock' | 'jobEvents' | 'log'>

/** Enqueues the targets whose schedule has come due, once however often it came due since the last look. */
export async function enqueueDueTargets({ store, settings, clock, jobEvents, log }: Parts): Promise<void> {
  const now = clock()
  for (const target of await findDueTargets(store, now)) {
    const nextRun = nextRunOf(target.schedule || settings.global_schedule, now)
    await store.transaction().execute(async (trx) => {
      for (const { value } of target.arch) {
        await enqueueJob(trx, { targetId: target.id, arch: value, force: false, now })
      }
      await setNextRun(trx, target.id, nextRun)
    })
    log.info({ target: target.id }, 'a schedule came due')
    jobEvents.emit('queued')
  }
}

/** Puts the targets that follow the global schedule under the one that is set now; overdue ones stay due. */
export async function adoptGlobalSchedule({
  store,
  settings,
  clock,
}: Omit<Parts, 'jobEvents' | 'log'>): Promise<void> {
  const nextRun = nextRunOf(settings.global_schedule, clock())
  for (const id of await findFutureDefaultTargets(store, clock())) await setNextRun(store, id, nextRun)
}
