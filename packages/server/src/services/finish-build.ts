import type { FinishedBuild } from '@vieter/api'
import type { Context } from '../context.ts'
import { parseRepository } from '../domain/repository-name.ts'
import { deleteJob } from '../store/jobs.ts'
import { endLog } from '../store/logs.ts'
import type { Store } from '../store/open-store.ts'
import { findStagedPackages, takeStagedPackages } from '../store/staged-packages.ts'
import { commitPackages } from './commit-packages.ts'
import { getHeldJob, type LeaseClaim } from './held-job.ts'

type Parts = Pick<
  Context,
  'store' | 'reader' | 'clock' | 'blobs' | 'policies' | 'commits' | 'jobEvents' | 'log'
>

/**
 * Ends a build. After a success all its packages are published in the same commit that ends the job, or none are;
 * after a failure they are thrown away. Throws LEASE_LOST, and what `commitPackages` throws; the lease holds on after the
 * latter.
 */
export async function finishBuild(parts: Parts, claim: LeaseClaim, exitCode: number): Promise<FinishedBuild> {
  const job = await getHeldJob(parts, parts.store, claim)
  const packages = exitCode === 0 ? await findStagedPackages(parts.store, job.log_id) : []
  if (packages.length === 0) {
    const spare = await parts.store.transaction().execute(async (trx) => endJob(parts, trx, claim, exitCode))
    for (const key of spare) await parts.blobs.delete(key)
    parts.jobEvents.emit('queued')
    return { log_id: job.log_id, published: [] }
  }
  const repository = parseRepository(job.repo)
  const published = await commitPackages(parts, { repository, packages }, async (trx) => {
    await endJob(parts, trx, claim, exitCode)
  })
  parts.jobEvents.emit('queued')
  return { log_id: job.log_id, published }
}

/** Ends the job if its lease still holds; returns the keys of the packages that were waiting for its end. */
async function endJob(parts: Parts, trx: Store, claim: LeaseClaim, exitCode: number): Promise<string[]> {
  const job = await getHeldJob(parts, trx, claim)
  await endLog(trx, job.log_id, parts.clock(), exitCode)
  await deleteJob(trx, job.id)
  return takeStagedPackages(trx, job.log_id)
}
