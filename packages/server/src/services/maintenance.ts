import type { Context } from '../context.ts'
import { expirePublications } from './discard-publication.ts'
import { expireLeases } from './expire-leases.ts'
import { planCleanUp, resumeCleanUp } from './plan-clean-up.ts'
import { prunePackages } from './prune-packages.ts'
import { removeLogsBefore } from './remove-log.ts'
import { adoptSettings, enqueueDueTargets } from './run-schedules.ts'
import { verifyDatabases } from './verify-databases.ts'

/** How often the server looks for leases that expired and schedules that came due, in milliseconds. */
const interval = 1000
const secondsPerDay = 86_400
/** How often it is written when tokens were used last, in seconds. */
const usesInterval = 60

/** Starts what the server does by itself, time and again. The function that it returns stops it and waits for what runs. */
export async function startMaintenance(context: Context): Promise<() => Promise<void>> {
  const { settings, clock, log } = context
  let nextCleaning = await resumeCleanUp(context)
  let nextSaving = clock() + usesInterval
  let running: Promise<void> = Promise.resolve()
  let verifying: Promise<void> = Promise.resolve()
  let busy = false

  async function look(): Promise<void> {
    await expireLeases(context)
    await expirePublications(context)
    await enqueueDueTargets(context)
    if (clock() >= nextSaving) {
      nextSaving = clock() + usesInterval
      await context.tokens.saveUses()
    }
    if (clock() < nextCleaning) return
    nextCleaning = await planCleanUp(context)
    // Takes its time beside all else, but not twice at once.
    verifying = verifying.then(() => verifyDatabases(context))
    await prunePackages(context)
    if (settings.max_log_age > 0)
      await removeLogsBefore(context, clock() - settings.max_log_age * secondsPerDay)
  }

  await adoptSettings(context)
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    running = look()
      .catch((fault: unknown) => log.error({ err: fault }, 'the maintenance failed'))
      .finally(() => {
        busy = false
      })
  }, interval)
  return async () => {
    clearInterval(timer)
    await running
    await verifying
  }
}
