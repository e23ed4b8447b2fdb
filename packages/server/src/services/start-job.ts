import { AppError, type Lease } from '@vieter/api'
import type { Context } from '../context.ts'
import { parseArch } from '../domain/repository-name.ts'
import type { Caller } from '../domain/scopes.ts'
import { enqueueJob, findJob, findLeasedJob } from '../store/jobs.ts'
import { findTarget } from '../store/targets.ts'
import { startLease } from './start-lease.ts'

interface StartInput {
  target: number
  arch: string
  force: boolean
  timeout?: number | undefined
  agent: string
  caller: Caller
}

/** Enqueues a build and leases it at once. Throws TARGET_NOT_FOUND, JOB_RUNNING, and PARAMETER_INVALID for a bad architecture. */
export async function startJob(
  parts: Pick<Context, 'store' | 'settings' | 'clock'>,
  { target: targetId, arch, force, timeout, agent, caller }: StartInput,
): Promise<Lease> {
  parseArch(arch)
  return parts.store.transaction().execute(async (trx) => {
    const target = await findTarget(trx, targetId)
    if (!target) throw new AppError('TARGET_NOT_FOUND', { message: `There is no target ${targetId}.` })
    if (await findLeasedJob(trx, targetId, arch)) throw new AppError('JOB_RUNNING')
    const id = await enqueueJob(trx, { targetId, arch, force, timeout, now: parts.clock() })
    const job = await findJob(trx, id)
    if (!job) throw new Error(`job ${id} was enqueued but is not there`)
    return startLease(parts, trx, { job, target, agent, caller })
  })
}
