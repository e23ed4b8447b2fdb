import type { BuildConfig, Lease, Target } from '@vieter/api'
import type { Context } from '../context.ts'
import type { Caller } from '../domain/scopes.ts'
import { makeToken, sha256 } from '../secrets.ts'
import { markLeased } from '../store/jobs.ts'
import { insertLog } from '../store/logs.ts'
import type { Store } from '../store/open-store.ts'
import type { JobRow } from '../store/tables.ts'

type Parts = Pick<Context, 'settings' | 'clock'>

/** How long a Vieter 0.6 agent may need besides the build itself: to refresh its image and to send the log. */
const legacyGrace = 1800

/** Leases a queued job to an agent, in a transaction of the caller's: its build begins, with a log of its own. */
export async function startLease(
  { settings, clock }: Parts,
  trx: Store,
  { job, target, agent, caller }: { job: JobRow; target: Target; agent: string; caller: Caller },
): Promise<Lease> {
  const token = makeToken()
  const expiresAt = clock() + settings.lease_duration
  const logId = await insertLog(trx, { targetId: job.target_id, arch: job.arch, startTime: clock() })
  await markLeased(trx, job.id, {
    agent,
    repo: target.repo,
    legacy: false,
    tokenHash: sha256(token).toString('hex'),
    expiresAt,
    logId,
    tokenId: caller.tokenId,
  })
  const config = buildConfigOf(job, target, settings)
  return { job_id: job.id, log_id: logId, token, expires_at: expiresAt, arch: job.arch, ...config }
}

/** Hands a queued job to a Vieter 0.6 agent, which has no token, sends no sign of life, and sends the log at the end. */
export async function startLegacyLease(
  { settings, clock }: Parts,
  trx: Store,
  { job, target, caller }: { job: JobRow; target: Target; caller: Caller },
): Promise<BuildConfig> {
  const config = buildConfigOf(job, target, settings)
  const expiresAt = clock() + config.timeout + legacyGrace
  const logId = await insertLog(trx, { targetId: job.target_id, arch: job.arch, startTime: clock() })
  await markLeased(trx, job.id, {
    agent: 'vieter-0.6',
    repo: target.repo,
    legacy: true,
    tokenHash: '',
    expiresAt,
    logId,
    tokenId: caller.tokenId,
  })
  return config
}

function buildConfigOf(job: JobRow, target: Target, settings: Parts['settings']): BuildConfig {
  return {
    target_id: target.id,
    kind: target.kind,
    url: target.url,
    branch: target.branch,
    path: target.path,
    repo: target.repo,
    base_image: settings.base_image,
    force: job.force === 1,
    timeout: job.timeout ?? settings.default_build_timeout,
  }
}
