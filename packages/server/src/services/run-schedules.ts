import type { Context } from '../context.ts'
import { nextRunOf } from '../domain/next-run.ts'
import { enqueueTargets } from '../store/jobs.ts'
import { findDueTargets, findFutureTargets, setNextRuns } from '../store/targets.ts'

type Parts = Pick<Context, 'store' | 'settings' | 'clock' | 'jobEvents' | 'log'>

/** Targets of one transaction: others get at the store, and the event loop at its timers, between two of them. */
const batchSize = 200

/** Enqueues the targets whose schedule has come due, once however often it came due since the last look. */
export async function enqueueDueTargets(parts: Parts): Promise<void> {
  const now = parts.clock()
  const started = performance.now()
  let targets = 0
  for (let batch = batchSize; batch === batchSize; targets += batch) batch = await enqueueBatch(parts, now)
  if (targets === 0) return
  const milliseconds = Math.round(performance.now() - started)
  parts.log.info({ targets, milliseconds }, 'schedules came due')
}

/** Returns how many targets were enqueued. */
async function enqueueBatch({ store, settings, jobEvents }: Parts, now: number): Promise<number> {
  const count = await store.transaction().execute(async (trx) => {
    const due = await findDueTargets(trx, now, batchSize)
    if (due.length === 0) return 0
    await enqueueTargets(
      trx,
      due.map(({ id }) => id),
      now,
    )
    await setNextRuns(
      trx,
      due.map((target) => ({ id: target.id, nextRun: nextRunOf(target, now, settings) })),
    )
    return due.length
  })
  if (count > 0) jobEvents.emit('queued')
  return count
}

/**
 * Puts targets under the global schedule, the time zone and the jitter that are set now, which may have been others when
 * the server ran last; overdue targets stay due.
 */
export async function adoptSettings({
  store,
  settings,
  clock,
}: Pick<Context, 'store' | 'settings' | 'clock'>): Promise<void> {
  const now = clock()
  let last: number | undefined = 0
  while (last !== undefined) {
    const afterId: number = last
    last = await store.transaction().execute(async (trx) => {
      const targets = await findFutureTargets(trx, { now, afterId, limit: batchSize })
      const runs = targets.map((target) => ({ ...target, nextRun: nextRunOf(target, now, settings) }))
      const moved = runs.filter(({ next_run, nextRun }) => next_run !== nextRun)
      if (moved.length > 0) await setNextRuns(trx, moved)
      return targets.at(-1)?.id
    })
  }
}
