import { AppError, errorTable } from '@vieter/api'
import { CommanderError } from 'commander'
import { Interrupted } from './interrupted.ts'
import { neutralise } from './neutralise.ts'
import { UsageError } from './usage-error.ts'

/** How a person gives the API key; each client command says so when it lacks one. */
export const apiKeyHint =
  'Set `api_key` in ~/.vieterrc, or name the file that the server keeps it in: VIETER_API_KEY_FILE=./data/api-key.'

/** An error as the lines for standard error: `error: …`, then `hint: …`. Empty for what commander printed by itself. */
export function formatError(error: unknown): string {
  if (error instanceof CommanderError) return ''
  if (error instanceof AppError) return lines(error.message, hintOf(error))
  if (error instanceof UsageError) return lines(error.message, error.hint)
  if (error instanceof Interrupted) return lines(error.message, '')
  if (isSystemError(error)) return lines(error.message, 'Check the path, its permissions and the free space.')
  const stack = error instanceof Error ? error.stack : undefined
  return (
    lines(
      error instanceof Error ? error.message : String(error),
      'This is a fault of Vieter itself. Please report it with the lines below.',
    ) + `${stack ?? ''}\n`
  )
}

function hintOf(error: AppError): string {
  return error.hint === errorTable.UNAUTHORIZED.hint ? apiKeyHint : error.hint
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && 'code' in error
}

function lines(message: string, hint: string): string {
  return `error: ${neutralise(message)}\n` + (hint === '' ? '' : `hint: ${neutralise(hint)}\n`)
}
