import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import { deleteJob, findLeasedJob } from '../store/jobs.ts'
import { endLog, insertLog } from '../store/logs.ts'
import { findTarget } from '../store/targets.ts'

interface LogInput {
  target: number
  arch: string
  startTime: number
  endTime: number
  exitCode: number
  bytes: Uint8Array
}

/**
 * Stores the log that a Vieter 0.6 agent sends at the end of a build, and ends the job that was handed to it; returns
 * the log's id. A log that comes without such a job is stored all the same. Throws PARAMETER_INVALID for an unknown target.
 */
export async function addLog(
  { store, logFiles, jobEvents }: Pick<Context, 'store' | 'logFiles' | 'jobEvents'>,
  input: LogInput,
): Promise<number> {
  const { target: targetId, arch, startTime, endTime, exitCode, bytes } = input
  if (!(await findTarget(store, targetId)))
    throw new AppError('PARAMETER_INVALID', { message: 'Unknown target.' })
  const job = await findLeasedJob(store, targetId, arch)
  const handed = job?.legacy === 1 && job.log_id !== null ? { ...job, log_id: job.log_id } : undefined
  const id = handed?.log_id ?? (await insertLog(store, { targetId, arch, startTime }))
  if (bytes.length > 0) await logFiles.append(id, bytes)
  await store.transaction().execute(async (trx) => {
    await trx.updateTable('logs').set({ start_time: startTime }).where('id', '=', id).execute()
    await endLog(trx, id, endTime, exitCode)
    if (handed) await deleteJob(trx, handed.id)
  })
  if (handed) jobEvents.emit('queued')
  return id
}
