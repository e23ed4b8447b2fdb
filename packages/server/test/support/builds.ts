import { Readable } from 'node:stream'
import type { AppError, Lease } from '@vieter/api'
import { keyHolder } from '../../src/domain/scopes.ts'
import { addTarget } from '../../src/services/add-target.ts'
import type { LeaseClaim } from '../../src/services/held-job.ts'
import { leaseJobs } from '../../src/services/lease-jobs.ts'
import type { PackageBody } from '../../src/services/store-body.ts'
import type { TestContext } from './context.ts'

/** Adds a target of repository `repo` and returns its id. */
export function addTestTarget(
  context: TestContext,
  changes: { schedule?: string; arch?: string[] } = {},
): Promise<number> {
  return addTarget(context, {
    kind: 'git',
    url: 'https://example.org/a.git',
    repo: 'repo',
    branch: '',
    path: '',
    schedule: '',
    arch: ['x86_64'],
    ...changes,
  })
}

/** Leases what there is now. */
export function leaseNow(context: TestContext, max = 10): Promise<Lease[]> {
  return leaseJobs(context, {
    archs: ['x86_64', 'aarch64'],
    max,
    agent: 'agent',
    caller: keyHolder,
    wait: 0,
    signal: new AbortController().signal,
  })
}

/** Leases the one job that there is. */
export async function leaseOne(context: TestContext): Promise<Lease> {
  const [lease, ...others] = await leaseNow(context)
  if (!lease || others.length > 0) throw new Error(`${others.length + (lease ? 1 : 0)} jobs were leased`)
  return lease
}

export function claimOf(lease: Lease): LeaseClaim {
  return { jobId: lease.job_id, token: lease.token, caller: keyHolder }
}

/** The code of a refusal, or `taken`. */
export function codeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'taken',
    (fault: AppError) => fault.code ?? Promise.reject(fault),
  )
}

/** A package as it is uploaded, chunk by chunk, without a declared size. */
export function streamOf(...chunks: readonly Uint8Array[]): PackageBody {
  return { chunks: Readable.from(chunks) }
}
