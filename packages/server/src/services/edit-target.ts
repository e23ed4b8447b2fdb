import type { Target } from '@vieter/api'
import type { Context } from '../context.ts'
import { nextRunOf } from '../domain/next-run.ts'
import { checkTarget, type TargetInput } from '../domain/target-input.ts'
import { setNextRuns, updateTarget } from '../store/targets.ts'
import { getTarget } from './find-targets.ts'

/** Changes fields of a target and returns the whole. Throws TARGET_NOT_FOUND and what `checkTarget` throws. */
export async function editTarget(
  { store, settings, clock }: Pick<Context, 'store' | 'settings' | 'clock'>,
  id: number,
  changes: Partial<TargetInput>,
): Promise<Target> {
  const current = await getTarget({ store }, id)
  const wanted = { ...current, arch: current.arch.map(({ value }) => value), ...changes }
  const { kind, url, repo, branch, path, schedule, arch } = checkTarget(wanted, {
    allowLocal: settings.allow_local_sources,
  })
  await updateTarget(store, id, { kind, url, repo, branch, path, schedule }, changes.arch && arch)
  if (schedule !== current.schedule) {
    const now = clock()
    // What is due already stays due.
    await setNextRuns(store, [{ id, nextRun: nextRunOf({ id, schedule }, now, settings) }], now)
  }
  return getTarget({ store }, id)
}
