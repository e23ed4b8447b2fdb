import { once } from 'node:events'
import type { BuildConfig, Lease, Target } from '@vieter/api'
import type { Context } from '../context.ts'
import { parseArch } from '../domain/repository-name.ts'
import { type Caller, legacyRepositories } from '../domain/scopes.ts'
import { deleteJob, findLeasableJobs } from '../store/jobs.ts'
import type { StoreTransaction } from '../store/open-store.ts'
import type { JobRow } from '../store/tables.ts'
import { findTarget } from '../store/targets.ts'
import { startLease, startLegacyLease } from './start-lease.ts'

type Parts = Pick<Context, 'store' | 'settings' | 'clock' | 'jobEvents' | 'stopping' | 'tokens'>

interface LeaseInput {
  archs: readonly string[]
  /** How many at most. */
  max: number
  agent: string
  caller: Caller
  /** How long to wait for a job, in seconds. */
  wait: number
  /** The agent has hung up. */
  signal: AbortSignal
}

/** Leases jobs; when there is none, waits until there is one. Throws PARAMETER_INVALID for a bad architecture. */
export async function leaseJobs(
  parts: Parts,
  { archs, max, agent, caller, wait, signal }: LeaseInput,
): Promise<Lease[]> {
  archs.forEach(parseArch)
  const over = AbortSignal.any([signal, parts.stopping.signal, AbortSignal.timeout(wait * 1000)])
  for (;;) {
    const queued = once(parts.jobEvents, 'queued', { signal: over }).catch(() => {})
    // A token may be revoked while its holder waits.
    if (signal.aborted || !parts.tokens.isValid(caller)) return []
    const leases = await takeJobs(parts, { archs, max }, (trx, job, target) =>
      startLease(parts, trx, { job, target, agent, caller }),
    )
    if (leases.length > 0 || wait === 0 || over.aborted) return leases
    await queued
    if (over.aborted) return []
  }
}

/** Hands out jobs the way Vieter 0.6 did. Throws PARAMETER_INVALID for a bad architecture. */
export async function pollJobs(
  parts: Parts,
  { arch, max, caller }: { arch: string; max: number; caller: Caller },
): Promise<BuildConfig[]> {
  parseArch(arch)
  const repositories = legacyRepositories(caller)
  return takeJobs(parts, { archs: [arch], repositories, max }, (trx, job, target) =>
    startLegacyLease(parts, trx, { job, target, caller }),
  )
}

async function takeJobs<T>(
  { store }: Parts,
  wanted: Parameters<typeof findLeasableJobs>[1],
  take: (trx: StoreTransaction, job: JobRow, target: Target) => Promise<T>,
): Promise<T[]> {
  return store.transaction().execute(async (trx) => {
    const taken: T[] = []
    for (const job of await findLeasableJobs(trx, wanted)) {
      const target = await findTarget(trx, job.target_id)
      if (target) taken.push(await take(trx, job, target))
      else await deleteJob(trx, job.id)
    }
    return taken
  })
}
