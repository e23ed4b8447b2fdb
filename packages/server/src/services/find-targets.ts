import { AppError, type Target } from '@vieter/api'
import type { Context } from '../context.ts'
import * as targets from '../store/targets.ts'

/** Lists targets, by id. */
export async function findTargets(
  { store }: Pick<Context, 'store'>,
  filter: Parameters<typeof targets.findTargets>[1],
): Promise<Target[]> {
  return targets.findTargets(store, filter)
}

/** Throws TARGET_NOT_FOUND. */
export async function getTarget({ store }: Pick<Context, 'store'>, id: number): Promise<Target> {
  const target = await targets.findTarget(store, id)
  if (!target) throw new AppError('TARGET_NOT_FOUND', { message: `There is no target ${id}.` })
  return target
}
