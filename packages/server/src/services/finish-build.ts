import type { FinishedBuild } from '@vieter/api'
import type { Context } from '../context.ts'
import { parseRepository } from '../domain/repository-name.ts'
import { deleteJob } from '../store/jobs.ts'
import { endLog } from '../store/logs.ts'
import type { Store } from '../store/open-store.ts'
import { takeStagedPackages } from '../store/staged-packages.ts'
import { getHeldJob, type LeaseClaim } from './held-job.ts'
import { type PublishingParts, publishUnseen } from './publish-unseen.ts'

type Parts = PublishingParts & Pick<Context, 'clock' | 'jobEvents'>

/**
 * Ends a build. After a success all its packages are published in the same commit that ends the job, or none are;
 * after a failure they are thrown away. Throws LEASE_LOST, and what `commitPackages` throws; the lease holds on after the
 * latter.
 */
export async function finishBuild(parts: Parts, claim: LeaseClaim, exitCode: number): Promise<FinishedBuild> {
  const job = await getHeldJob(parts, parts.store, claim)
  const together = exitCode === 0 ? await publishBuild(parts, claim, job) : undefined
  if (!together) {
    const spare = await parts.store.transaction().execute(async (trx) => {
      await endJob(parts, trx, claim, exitCode)
      return takeStagedPackages(trx, { kind: 'build', id: job.log_id })
    })
    for (const key of spare) await parts.blobs.delete(key)
  }
  parts.jobEvents.emit('queued')
  return { log_id: job.log_id, ...(together ?? { published: [], leftovers: [] }) }
}

function publishBuild(parts: Parts, claim: LeaseClaim, { repo, log_id }: { repo: string; log_id: number }) {
  return publishUnseen(parts, {
    repository: parseRepository(repo),
    holder: { kind: 'build', id: log_id },
    isComplete: true,
    end: (trx) => endJob(parts, trx, claim, 0),
  })
}

/** Ends the job if its lease still holds. */
async function endJob(
  parts: Pick<Context, 'clock'>,
  trx: Store,
  claim: LeaseClaim,
  exitCode: number,
): Promise<void> {
  const job = await getHeldJob(parts, trx, claim)
  await endLog(trx, job.log_id, parts.clock(), exitCode)
  await deleteJob(trx, job.id)
}
