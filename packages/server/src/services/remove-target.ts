import type { Context } from '../context.ts'
import { deleteTarget } from '../store/targets.ts'

/** Removes a target and its queued jobs; a build that runs goes on, and logs stay. Harmless when there is none. */
export async function removeTarget({ store }: Pick<Context, 'store'>, id: number): Promise<void> {
  await deleteTarget(store, id)
}
