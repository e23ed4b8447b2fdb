import type { Context } from '../context.ts'
import { deleteJob, findExpiredJobs, findJob, requeueJob } from '../store/jobs.ts'
import { endLog } from '../store/logs.ts'
import { takeStagedPackages } from '../store/staged-packages.ts'
import type { JobRow } from '../store/tables.ts'

/** How often a job may lose its agent before it is given up: a build may well be what kills them. */
const maxAttempts = 3

/** The exit code of a build whose agent went silent. */
const lostAgentExitCode = 255

type Parts = Pick<Context, 'store' | 'clock' | 'blobs' | 'logFiles' | 'jobEvents' | 'log'>

/** Takes jobs back from agents that have gone silent: each dead attempt's log is kept, and the job goes back to the queue. */
export async function expireLeases(parts: Parts): Promise<void> {
  for (const job of await findExpiredJobs(parts.store, parts.clock())) await expireLease(parts, job)
}

async function expireLease(parts: Parts, job: JobRow): Promise<void> {
  const { store, clock, blobs, logFiles, jobEvents, log } = parts
  const again = job.attempts + 1 < maxAttempts
  const fate = again
    ? 'The job goes back to the queue.'
    : `The job is given up after ${maxAttempts} attempts.`
  log.warn(
    { job: job.id, target: job.target_id, arch: job.arch, agent: job.agent },
    `a lease expired: ${fate}`,
  )
  if (job.log_id !== null) {
    await logFiles.append(
      job.log_id,
      Buffer.from(`==> vieter: The agent ${job.agent} went silent. ${fate}\n`),
    )
  }
  const spare = await store.transaction().execute(async (trx) => {
    if (!(await findJob(trx, job.id))) return []
    if (again) await requeueJob(trx, job)
    else await deleteJob(trx, job.id)
    if (job.log_id === null) return []
    await endLog(trx, job.log_id, clock(), lostAgentExitCode)
    return takeStagedPackages(trx, { kind: 'build', id: job.log_id })
  })
  for (const key of spare) await blobs.delete(key)
  jobEvents.emit('queued')
}
