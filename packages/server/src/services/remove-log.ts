import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import { deleteLog, findLogsEndedBefore } from '../store/logs.ts'
import { getLog } from './find-logs.ts'

type Parts = Pick<Context, 'store' | 'logFiles'>

/** Removes the log of a build that has ended. Throws LOG_NOT_FOUND. */
export async function removeLog(parts: Parts, id: number): Promise<void> {
  await getLog(parts, id)
  await deleteLog(parts.store, id)
  await parts.logFiles.delete(id)
}

/** Removes the logs of builds that ended before a time (UTC epoch seconds); returns how many. */
export async function removeLogsBefore(parts: Parts, time: number): Promise<number> {
  const ids = await findLogsEndedBefore(parts.store, time)
  for (const id of ids) {
    await removeLog(parts, id).catch((fault: unknown) => {
      if (!(fault instanceof AppError)) throw fault
    })
  }
  return ids.length
}
