import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import { matchesHash } from '../secrets.ts'
import { findJob } from '../store/jobs.ts'
import type { Store } from '../store/open-store.ts'
import type { JobRow } from '../store/tables.ts'

/** What an agent shows to act on a job. */
export interface LeaseClaim {
  jobId: number
  token: string
}

/** A job under a lease, with the log of its build. */
export type HeldJob = JobRow & { log_id: number }

/** The job of a claim, when its lease holds. Throws LEASE_LOST. */
export async function getHeldJob(
  { clock }: Pick<Context, 'clock'>,
  store: Store,
  { jobId, token }: LeaseClaim,
): Promise<HeldJob> {
  const job = await findJob(store, jobId)
  const holds = job?.state === 'leased' && job.legacy === 0 && (job.expires_at ?? 0) > clock()
  if (!holds || job.log_id === null || !matchesHash(token, job.token_hash)) throw new AppError('LEASE_LOST')
  return { ...job, log_id: job.log_id }
}
