import { AppError } from '@vieter/api'
import { isErrnoException } from '../files.ts'

/** SQLITE_FULL: the disk is full, as SQLite says it. */
const sqliteFull = 13

/** A fault of the disk as it is told to people: STORAGE_FULL when there is no room left; others as they are. */
export function storageFault(fault: unknown): unknown {
  return isFull(fault) ? new AppError('STORAGE_FULL', { cause: fault }) : fault
}

function isFull(fault: unknown): boolean {
  if (!isErrnoException(fault)) return false
  return (
    fault.code === 'ENOSPC' ||
    fault.code === 'EDQUOT' ||
    (fault as { errcode?: number }).errcode === sqliteFull
  )
}
