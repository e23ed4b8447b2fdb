import type { Context } from '../context.ts'
import { nextRunOf } from '../domain/next-run.ts'
import { checkTarget, type TargetInput } from '../domain/target-input.ts'
import { insertTarget } from '../store/targets.ts'

/** Adds a target and returns its id. Throws what `checkTarget` throws. */
export async function addTarget(
  { store, settings, clock }: Pick<Context, 'store' | 'settings' | 'clock'>,
  input: TargetInput,
): Promise<number> {
  const { arch, ...target } = checkTarget(input, { allowLocal: settings.allow_local_sources })
  const now = clock()
  return insertTarget(store, target, arch, (id) =>
    nextRunOf({ id, schedule: target.schedule }, now, settings),
  )
}
