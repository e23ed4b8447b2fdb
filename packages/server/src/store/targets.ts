import type { Target } from '@vieter/api'
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

export async function insertTarget(
  store: Store,
  target: NewTargetRow,
  archs: readonly string[],
): Promise<number> {
  return store.transaction().execute(async (trx) => {
    const { id } = await trx.insertInto('targets').values(target).returning('id').executeTakeFirstOrThrow()
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

/** The targets whose schedule has come due by now. */
export async function findDueTargets(store: Store, now: number): Promise<Target[]> {
  return withArchs(
    store,
    await store.selectFrom('targets').selectAll().where('next_run', '<=', now).execute(),
  )
}

export async function setNextRun(store: Store, id: number, nextRun: number): Promise<void> {
  await store.updateTable('targets').set({ next_run: nextRun }).where('id', '=', id).execute()
}

/** Targets without a schedule of their own whose next run still lies ahead. */
export async function findFutureDefaultTargets(store: Store, now: number): Promise<number[]> {
  const rows = await store
    .selectFrom('targets')
    .select('id')
    .where('schedule', '=', '')
    .where('next_run', '>', now)
    .execute()
  return rows.map((row) => row.id)
}
