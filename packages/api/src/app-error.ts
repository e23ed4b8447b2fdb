import { type ErrorCode, errorTable } from './error-table.ts'

interface ErrorDetails {
  /** What happened, for a person; the table's meaning when left out. */
  message?: string
  /** What to do about it; the table's hint when left out. */
  hint?: string
  cause?: unknown
}

/** The one error that Vieter throws for a fault it foresees: a stable code, what happened, and what to do. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly hint: string

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(details.message ?? errorTable[code].meaning, { cause: details.cause })
    this.name = 'AppError'
    this.code = code
    this.hint = details.hint ?? errorTable[code].hint
  }

  /** The HTTP status that the code answers with; 0 when it never crosses HTTP. */
  get status(): number {
    return errorTable[this.code].status
  }
}

/** Whether a text is one of the codes of the error table. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTable, text)
}
