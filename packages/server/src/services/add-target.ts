import { nextRun, parseSchedule } from '@vieter/api'
import type { Context } from '../context.ts'
import { checkTarget, type TargetInput } from '../domain/target-input.ts'
import { insertTarget } from '../store/targets.ts'

/** Adds a target and returns its id. Throws what `checkTarget` throws. */
export async function addTarget(
  { store, settings, clock }: Pick<Context, 'store' | 'settings' | 'clock'>,
  input: TargetInput,
): Promise<number> {
  const { arch, ...target } = checkTarget(input, { allowLocal: settings.allow_local_sources })
  const next_run = nextRunOf(target.schedule || settings.global_schedule, clock())
  return insertTarget(store, { ...target, next_run }, arch)
}

/** When a schedule comes due after a time; both UTC epoch seconds. */
export function nextRunOf(schedule: string, after: number): number {
  return Math.floor(nextRun(parseSchedule(schedule), new Date(after * 1000)).getTime() / 1000)
}
