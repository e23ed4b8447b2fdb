interface FailureDetails {
  /** What to do about it, for a person. */
  hint?: string
  cause?: unknown
}

/** Why a build ended without success: the exit code that it is filed under, and the reason for a person. */
export class BuildFailure extends Error {
  readonly exitCode: number
  readonly hint: string | undefined

  constructor(exitCode: number, message: string, details: FailureDetails = {}) {
    super(message, { cause: details.cause })
    this.name = 'BuildFailure'
    this.exitCode = exitCode
    this.hint = details.hint
  }
}

/** Exit codes of the agent's own making, after timeout(1) and the shell's 128 + signal. */
export const exitCodes = { agentFailed: 1, timedOut: 124, stopped: 130 } as const
