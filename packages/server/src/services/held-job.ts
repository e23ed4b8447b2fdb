import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import { type Caller, isAdmin } from '../domain/scopes.ts'
import { matchesHash } from '../secrets.ts'
import { findJob } from '../store/jobs.ts'
import type { Store } from '../store/open-store.ts'
import type { JobRow } from '../store/tables.ts'

/** What an agent shows to act on a job. */
export interface LeaseClaim {
  jobId: number
  token: string
  caller: Caller
}

/** A job under a lease, with the log of its build. */
export type HeldJob = JobRow & { log_id: number }

/** The job of a claim, when its lease holds and who claims it has taken it, or is an admin. Throws LEASE_LOST. */
export async function getHeldJob(
  { clock }: Pick<Context, 'clock'>,
  store: Store,
  { jobId, token, caller }: LeaseClaim,
): Promise<HeldJob> {
  const job = await findJob(store, jobId)
  const holds = job?.state === 'leased' && job.legacy === 0 && (job.expires_at ?? 0) > clock()
  const isTheirs = isAdmin(caller) || job?.token_id === caller.tokenId
  if (!holds || !isTheirs || job.log_id === null || !matchesHash(token, job.token_hash))
    throw new AppError('LEASE_LOST')
  return { ...job, log_id: job.log_id }
}
