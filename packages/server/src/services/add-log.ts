import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import { type Caller, isAdmin, legacyRepositories } from '../domain/scopes.ts'
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
  caller: Caller
}

/**
 * Stores the log that a Vieter 0.6 agent sends at the end of a build, and ends the job that was handed to it; returns
 * the log's id. A log that comes without such a job is stored all the same. Throws PARAMETER_INVALID for an unknown target,
 * and FORBIDDEN for one of a repository that the agent is not for.
 */
export async function addLog(
  { store, logFiles, jobEvents }: Pick<Context, 'store' | 'logFiles' | 'jobEvents'>,
  input: LogInput,
): Promise<number> {
  const { target: targetId, arch, startTime, endTime, exitCode, bytes, caller } = input
  const target = await findTarget(store, targetId)
  if (!target) throw new AppError('PARAMETER_INVALID', { message: 'Unknown target.' })
  if (legacyRepositories(caller)?.includes(target.repo) === false) {
    const message = `This needs a token with the scope agent-0.6:${target.repo} or admin.`
    throw new AppError('FORBIDDEN', { message })
  }
  const job = await findLeasedJob(store, targetId, arch)
  const isTheirs = isAdmin(caller) || job?.token_id === caller.tokenId
  const handed =
    isTheirs && job?.legacy === 1 && job.log_id !== null ? { ...job, log_id: job.log_id } : undefined
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
