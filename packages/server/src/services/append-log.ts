import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import { getHeldJob, type LeaseClaim } from './held-job.ts'

const mebibyte = 1024 * 1024

/**
 * Appends a piece to the log of a build; returns the log's size in bytes. A piece that was appended before, sent again
 * because its answer was lost, is recognised by its offset and its length.
 * Throws LEASE_LOST, LOG_OFFSET_MISMATCH, and BODY_TOO_LARGE once the log is full.
 */
export async function appendLog(
  parts: Pick<Context, 'store' | 'clock' | 'logFiles' | 'settings'>,
  claim: LeaseClaim,
  { offset, bytes }: { offset: number; bytes: Uint8Array },
): Promise<number> {
  const { log_id } = await getHeldJob(parts, parts.store, claim)
  const size = await parts.logFiles.size(log_id)
  if (offset + bytes.length === size) return size
  if (offset !== size) {
    throw new AppError('LOG_OFFSET_MISMATCH', {
      message: `The log has ${size} bytes; this piece begins at ${offset}.`,
    })
  }
  if (size + bytes.length > parts.settings.max_log_size * mebibyte) {
    throw new AppError('BODY_TOO_LARGE', {
      message: 'The log is full.',
      hint: 'Raise `max_log_size` on the server.',
    })
  }
  return parts.logFiles.append(log_id, bytes)
}
