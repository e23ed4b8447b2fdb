import type { Store } from './open-store.ts'
import type { LogRow } from './tables.ts'

interface LogFilter {
  limit: number
  offset: number
  target?: number | undefined
  /** UTC epoch seconds, exclusive. */
  before?: number | undefined
  after?: number | undefined
  arch?: string | undefined
  /** Exit codes that a log must have one of, and those that it must not have. */
  wanted?: readonly number[]
  unwanted?: readonly number[]
}

/** The logs of builds that have ended, by id. */
export async function findLogs(store: Store, filter: LogFilter): Promise<LogRow[]> {
  let query = store
    .selectFrom('logs')
    .selectAll()
    .where('end_time', 'is not', null)
    .orderBy('id')
    .limit(filter.limit)
    .offset(filter.offset)
  const { target, before, after, arch, wanted, unwanted } = filter
  if (target !== undefined) query = query.where('target_id', '=', target)
  if (before !== undefined) query = query.where('start_time', '<', before)
  if (after !== undefined) query = query.where('start_time', '>', after)
  if (arch !== undefined) query = query.where('arch', '=', arch)
  if (wanted && wanted.length > 0) query = query.where('exit_code', 'in', wanted)
  if (unwanted && unwanted.length > 0) query = query.where('exit_code', 'not in', unwanted)
  return query.execute()
}

export async function findLog(store: Store, id: number): Promise<LogRow | undefined> {
  return store.selectFrom('logs').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function insertLog(
  store: Store,
  log: { targetId: number; arch: string; startTime: number; endTime?: number; exitCode?: number },
): Promise<number> {
  const { id } = await store
    .insertInto('logs')
    .values({
      target_id: log.targetId,
      arch: log.arch,
      start_time: log.startTime,
      end_time: log.endTime ?? null,
      exit_code: log.exitCode ?? null,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

export async function endLog(store: Store, id: number, endTime: number, exitCode: number): Promise<void> {
  await store
    .updateTable('logs')
    .set({ end_time: endTime, exit_code: exitCode })
    .where('id', '=', id)
    .execute()
}

export async function deleteLog(store: Store, id: number): Promise<void> {
  await store.deleteFrom('logs').where('id', '=', id).execute()
}

export async function findLogsEndedBefore(store: Store, time: number): Promise<number[]> {
  const rows = await store.selectFrom('logs').select('id').where('end_time', '<', time).execute()
  return rows.map((row) => row.id)
}
