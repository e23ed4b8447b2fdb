import type { LeaseExtension } from '@vieter/api'
import type { Context } from '../context.ts'
import { setExpiry } from '../store/jobs.ts'
import { getHeldJob, type LeaseClaim } from './held-job.ts'

/** Extends a lease from now on. Throws LEASE_LOST. */
export async function extendLease(
  parts: Pick<Context, 'store' | 'clock' | 'settings'>,
  claim: LeaseClaim,
): Promise<LeaseExtension> {
  return parts.store.transaction().execute(async (trx) => {
    const job = await getHeldJob(parts, trx, claim)
    const expires_at = parts.clock() + parts.settings.lease_duration
    await setExpiry(trx, job.id, expires_at)
    return { expires_at }
  })
}
