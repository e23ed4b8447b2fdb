import type { Job } from '@vieter/api'
import type { Context } from '../context.ts'
import * as jobs from '../store/jobs.ts'

/** Lists the queued and leased jobs, oldest first. */
export async function findJobs(
  { store }: Pick<Context, 'store'>,
  page: { limit: number; offset: number },
): Promise<Job[]> {
  const rows = await jobs.findJobs(store, page)
  return rows.map(({ id, target_id, arch, state, force, created_at, agent, log_id }) => ({
    id,
    target_id,
    arch,
    state,
    force: force === 1,
    created_at,
    agent,
    log_id: log_id ?? 0,
  }))
}
