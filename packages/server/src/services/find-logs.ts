import { AppError, type Log } from '@vieter/api'
import type { OpenBlob } from '../blobs/blob-store.ts'
import type { Context } from '../context.ts'
import { parseExitCodes } from '../domain/exit-codes.ts'
import * as logs from '../store/logs.ts'
import type { LogRow } from '../store/tables.ts'

interface LogQuery {
  limit: number
  offset: number
  target?: number | undefined
  before?: number | undefined
  after?: number | undefined
  arch?: string | undefined
  exitCodes?: readonly string[] | undefined
}

/** Lists the logs of builds that have ended. Throws PARAMETER_INVALID for an exit code that is none. */
export async function findLogs(
  { store }: Pick<Context, 'store'>,
  { exitCodes, ...filter }: LogQuery,
): Promise<Log[]> {
  const rows = await logs.findLogs(store, { ...filter, ...parseExitCodes(exitCodes ?? []) })
  return rows.map(logOf)
}

/** Throws LOG_NOT_FOUND, also while the build runs: it has no end yet. */
export async function getLog({ store }: Pick<Context, 'store'>, id: number): Promise<Log> {
  const row = await logs.findLog(store, id)
  if (!row || row.end_time === null)
    throw new AppError('LOG_NOT_FOUND', { message: `There is no log ${id}.` })
  return logOf(row)
}

/** The text of a log as far as it has come, also while the build runs: its size in bytes, and what opens it. Throws LOG_NOT_FOUND. */
export async function findLogContent(
  { store, logFiles }: Pick<Context, 'store' | 'logFiles'>,
  id: number,
): Promise<{ size: number; open(): Promise<OpenBlob> }> {
  const missing = () => new AppError('LOG_NOT_FOUND', { message: `There is no log ${id}.` })
  if (!(await logs.findLog(store, id))) throw missing()
  return {
    size: await logFiles.size(id),
    async open() {
      const blob = await logFiles.open(id)
      if (blob) return blob
      throw missing()
    },
  }
}

function logOf({ id, target_id, start_time, end_time, arch, exit_code }: LogRow): Log {
  return { id, target_id, start_time, end_time: end_time ?? 0, arch, exit_code: exit_code ?? 0 }
}
