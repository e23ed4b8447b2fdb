import { sql } from 'kysely'
import type { Store } from './open-store.ts'
import type { JobRow } from './tables.ts'

interface JobRequest {
  targetId: number
  arch: string
  force: boolean
  /** Seconds; undefined: the server's default. */
  timeout?: number | undefined
  now: number
}

/** Enqueues a job, or joins the queued one of the same target and architecture; returns its id. */
export async function enqueueJob(store: Store, request: JobRequest): Promise<number> {
  const force = request.force ? 1 : 0
  const timeout = request.timeout ?? null
  const row = await store
    .insertInto('jobs')
    .values({
      target_id: request.targetId,
      arch: request.arch,
      state: 'queued',
      force,
      timeout,
      created_at: request.now,
      attempts: 0,
      agent: '',
      repo: '',
      legacy: 0,
      token_hash: '',
      expires_at: null,
      log_id: null,
      token_id: null,
    })
    .onConflict((conflict) =>
      conflict.columns(['target_id', 'arch', 'state']).doUpdateSet(({ fn, ref, val }) => ({
        force: fn('max', [ref('jobs.force'), val(force)]),
        timeout: fn.coalesce(val(timeout), ref('jobs.timeout')),
      })),
    )
    .returning('id')
    .executeTakeFirstOrThrow()
  return row.id
}

/** Enqueues a job for each architecture of targets, in one statement; those that are queued already stay as they are. */
export async function enqueueTargets(store: Store, targetIds: readonly number[], now: number): Promise<void> {
  await store
    .insertInto('jobs')
    .columns(['target_id', 'arch', 'state', 'force', 'created_at'])
    .expression(({ selectFrom, lit, val }) =>
      selectFrom('target_archs')
        .select([
          'target_id',
          'value',
          sql.lit('queued').as('state'),
          lit(0).as('force'),
          val(now).as('created_at'),
        ])
        .where('target_id', 'in', targetIds)
        .orderBy('id'),
    )
    .onConflict((conflict) => conflict.columns(['target_id', 'arch', 'state']).doNothing())
    .execute()
}

/**
 * Queued jobs of these architectures, and of targets of these repositories, whose target is not being built for that
 * architecture now, oldest first.
 */
export async function findLeasableJobs(
  store: Store,
  {
    archs,
    repositories,
    max,
  }: { archs: readonly string[]; repositories?: readonly string[] | undefined; max: number },
): Promise<JobRow[]> {
  const targets = store.selectFrom('targets').select('id')
  return store
    .selectFrom('jobs')
    .selectAll()
    .where('state', '=', 'queued')
    .where('arch', 'in', archs)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('jobs as running')
            .select('running.id')
            .whereRef('running.target_id', '=', 'jobs.target_id')
            .whereRef('running.arch', '=', 'jobs.arch')
            .where('running.state', '=', 'leased'),
        ),
      ),
    )
    .$if(repositories !== undefined, (query) =>
      query.where('target_id', 'in', targets.where('repo', 'in', repositories ?? [])),
    )
    .orderBy('id')
    .limit(max)
    .execute()
}

export async function findJob(store: Store, id: number): Promise<JobRow | undefined> {
  return store.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
}

/** The job of a target and architecture that is being built now. */
export async function findLeasedJob(
  store: Store,
  targetId: number,
  arch: string,
): Promise<JobRow | undefined> {
  return store
    .selectFrom('jobs')
    .selectAll()
    .where('target_id', '=', targetId)
    .where('arch', '=', arch)
    .where('state', '=', 'leased')
    .executeTakeFirst()
}

/** Whether a token holds a lease on a job whose packages go to a repository. */
export async function holdsLeaseFor(
  store: Store,
  { tokenId, repository, now }: { tokenId: number; repository: string; now: number },
): Promise<boolean> {
  const row = await store
    .selectFrom('jobs')
    .select('id')
    .where('token_id', '=', tokenId)
    .where('repo', '=', repository)
    .where('expires_at', '>', now)
    .executeTakeFirst()
  return row !== undefined
}

export async function findJobs(
  store: Store,
  { limit, offset }: { limit: number; offset: number },
): Promise<JobRow[]> {
  return store.selectFrom('jobs').selectAll().orderBy('id').limit(limit).offset(offset).execute()
}

/** Turns a queued job into a leased one. */
export async function markLeased(
  store: Store,
  id: number,
  lease: {
    agent: string
    repo: string
    legacy: boolean
    tokenHash: string
    expiresAt: number
    logId: number
    tokenId: number | null
  },
): Promise<void> {
  await store
    .updateTable('jobs')
    .set({
      state: 'leased',
      agent: lease.agent,
      repo: lease.repo,
      legacy: lease.legacy ? 1 : 0,
      token_hash: lease.tokenHash,
      expires_at: lease.expiresAt,
      log_id: lease.logId,
      token_id: lease.tokenId,
    })
    .where('id', '=', id)
    .execute()
}

export async function setExpiry(store: Store, id: number, expiresAt: number): Promise<void> {
  await store.updateTable('jobs').set({ expires_at: expiresAt }).where('id', '=', id).execute()
}

export async function deleteJob(store: Store, id: number): Promise<void> {
  await store.deleteFrom('jobs').where('id', '=', id).execute()
}

export async function findExpiredJobs(store: Store, now: number): Promise<JobRow[]> {
  return store.selectFrom('jobs').selectAll().where('expires_at', '<=', now).execute()
}

/** Puts a leased job back into the queue, where it joins the follow-up that may wait there. */
export async function requeueJob(store: Store, job: JobRow): Promise<void> {
  await deleteJob(store, job.id)
  const id = await enqueueJob(store, {
    targetId: job.target_id,
    arch: job.arch,
    force: job.force === 1,
    timeout: job.timeout ?? undefined,
    now: job.created_at,
  })
  await store
    .updateTable('jobs')
    .set({ attempts: job.attempts + 1 })
    .where('id', '=', id)
    .execute()
}
