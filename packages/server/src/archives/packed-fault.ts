import { FormatError, type FormatErrorReason } from '@vieter/alpm'
import type { ErrorCode } from '@vieter/api'
import { AppError } from '@vieter/api/app-error'

/** A fault as it crosses between threads, where classes are lost. */
export type PackedFault =
  | { kind: 'format'; reason: FormatErrorReason; message: string; field?: string }
  | { kind: 'app'; code: ErrorCode; message: string; hint: string }
  | { kind: 'other'; message: string; stack?: string }

export function packFault(fault: unknown): PackedFault {
  if (fault instanceof FormatError) {
    const { reason, message, field } = fault
    return { kind: 'format', reason, message, ...(field === undefined ? {} : { field }) }
  }
  if (fault instanceof AppError) {
    const { code, message, hint } = fault
    return { kind: 'app', code, message, hint }
  }
  if (!(fault instanceof Error)) return { kind: 'other', message: String(fault) }
  const { message, stack } = fault
  return { kind: 'other', message, ...(stack === undefined ? {} : { stack }) }
}

/** The fault again, of its class. Of any but FormatError and AppError only message and stack are left. */
export function unpackFault(packed: PackedFault): Error {
  if (packed.kind === 'format') return new FormatError(packed.reason, packed.message, packed.field)
  if (packed.kind === 'app') return new AppError(packed.code, packed)
  const fault = new Error(packed.message)
  if (packed.stack !== undefined) fault.stack = packed.stack
  return fault
}
