import type { Target } from '@vieter/api'
import { sql } from 'kysely'
import { escapeLike, like } from './like.ts'
import type { Store } from './open-store.ts'
import type { NewTargetRow, TargetRow } from './tables.ts'

interface TargetFilter {
  limit: number
  offset: number
  repo?: string | undefined
  /** A part of the url, path or branch. */
  query?: string | undefined
  arch?: string | undefined
}

export async function findTargets(store: Store, filter: TargetFilter): Promise<Target[]> {
  let query = store.selectFrom('targets').selectAll().orderBy('id').limit(filter.limit).offset(filter.offset)
  const { repo, query: part, arch } = filter
  if (repo !== undefined) query = query.where('repo', '=', repo)
  if (part !== undefined) {
    const pattern = `%${escapeLike(part)}%`
    query = query.where(({ or, ref }) =>
      or((['url', 'path', 'branch'] as const).map((column) => like(ref(column), pattern))),
    )
  }
  if (arch !== undefined) {
    query = query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom('target_archs')
          .select('target_archs.id')
          .whereRef('target_id', '=', 'targets.id')
          .where('value', '=', arch),
      ),
    )
  }
  return withArchs(store, await query.execute())
}

export async function findTarget(store: Store, id: number): Promise<Target | undefined> {
  const row = await store.selectFrom('targets').selectAll().where('id', '=', id).executeTakeFirst()
  return row && (await withArchs(store, [row]))[0]
}

async function withArchs(store: Store, rows: readonly TargetRow[]): Promise<Target[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const archs = await store
    .selectFrom('target_archs')
    .selectAll()
    .where('target_id', 'in', ids)
    .orderBy('id')
    .execute()
  return rows.map(({ id, kind, url, branch, repo, schedule, path }) => {
    const arch = archs.filter((row) => row.target_id === id)
    return { id, kind, url, branch, repo, schedule, path, arch }
  })
}

/** Adds a target, which comes due for the first time when `nextRunOf` its id says; returns the id. */
export async function insertTarget(
  store: Store,
  target: Omit<NewTargetRow, 'next_run'>,
  archs: readonly string[],
  nextRunOf: (id: number) => number,
): Promise<number> {
  return store.transaction().execute(async (trx) => {
    const { id } = await trx
      .insertInto('targets')
      .values({ ...target, next_run: 0 })
      .returning('id')
      .executeTakeFirstOrThrow()
    await setNextRuns(trx, [{ id, nextRun: nextRunOf(id) }])
    await insertArchs(trx, id, archs)
    return id
  })
}

export async function updateTarget(
  store: Store,
  id: number,
  target: Partial<NewTargetRow>,
  archs: readonly string[] | undefined,
): Promise<void> {
  await store.transaction().execute(async (trx) => {
    if (Object.keys(target).length > 0)
      await trx.updateTable('targets').set(target).where('id', '=', id).execute()
    if (!archs) return
    await trx.deleteFrom('target_archs').where('target_id', '=', id).execute()
    await insertArchs(trx, id, archs)
  })
}

async function insertArchs(store: Store, targetId: number, archs: readonly string[]): Promise<void> {
  for (const value of archs)
    await store.insertInto('target_archs').values({ target_id: targetId, value }).execute()
}

/** Removes a target and its queued jobs. A build that runs goes on. */
export async function deleteTarget(store: Store, id: number): Promise<void> {
  await store.transaction().execute(async (trx) => {
    await trx.deleteFrom('jobs').where('target_id', '=', id).where('state', '=', 'queued').execute()
    await trx.deleteFrom('targets').where('id', '=', id).execute()
  })
}

type ScheduledTarget = Pick<TargetRow, 'id' | 'schedule' | 'next_run'>

/** The targets whose schedule has come due by now, those that wait longest first. */
export async function findDueTargets(store: Store, now: number, limit: number): Promise<ScheduledTarget[]> {
  return store
    .selectFrom('targets')
    .select(['id', 'schedule', 'next_run'])
    .where('next_run', '<=', now)
    .orderBy('next_run')
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** A page, by their ids, of the targets whose next run still lies ahead. */
export async function findFutureTargets(
  store: Store,
  { now, afterId, limit }: { now: number; afterId: number; limit: number },
): Promise<ScheduledTarget[]> {
  return store
    .selectFrom('targets')
    .select(['id', 'schedule', 'next_run'])
    .where('next_run', '>', now)
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute()
}

/** Sets when targets come due next, in one statement; of those alone that come due after `ifAfter`. */
export async function setNextRuns(
  store: Store,
  runs: readonly { id: number; nextRun: number }[],
  ifAfter = -1,
): Promise<void> {
  const rows = runs.map(({ id, nextRun }) => sql`(cast(${id} as integer), cast(${nextRun} as integer))`)
  await sql`
    with runs (id, next_run) as (values ${sql.join(rows)})
    update targets set next_run = runs.next_run from runs
    where targets.id = runs.id and targets.next_run > ${ifAfter}`.execute(store)
}
