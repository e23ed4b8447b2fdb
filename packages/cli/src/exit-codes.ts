import { AppError, type ErrorCode } from '@vieter/api'
import { CommanderError } from 'commander'
import { Interrupted, type SignalExitCode } from './interrupted.ts'
import { UsageError } from './usage-error.ts'

/** What the exit codes of `vieter` mean; docs/reference/exit-codes.md says the same at length. */
export const exitCodes = {
  0: 'it was done',
  1: 'it failed: the server said no, the build failed, or the check found faults',
  2: 'the command line or the configuration is wrong, nothing was tried',
  3: 'the server cannot be reached',
} as const

export type ExitCode = keyof typeof exitCodes | SignalExitCode

const exitCodeOfError: Partial<Record<ErrorCode, ExitCode>> = {
  CONFIGURATION_INVALID: 2,
  ADDRESS_IN_USE: 2,
  DATA_NOT_FOUND: 2,
  FOLDER_REFUSED: 2,
  SERVER_UNREACHABLE: 3,
}

/** The exit code that an error ends the process with. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UsageError) return 2
  if (error instanceof Interrupted) return error.exitCode
  if (error instanceof AppError) return exitCodeOfError[error.code] ?? 1
  return 1
}
