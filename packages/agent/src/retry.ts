import { AppError, type ErrorCode } from '@vieter/api'
import { pause } from './abort.ts'

/** Faults that may be gone a moment later: an outage, a restart, a gateway that answers in the server's place. */
const transient: readonly ErrorCode[] = ['SERVER_UNREACHABLE', 'SHUTTING_DOWN', 'ANSWER_INVALID', 'INTERNAL']

function isTransient(error: unknown): boolean {
  return error instanceof AppError && transient.includes(error.code)
}

interface RetryOptions {
  signal: AbortSignal
  /** How often to try at most; default: 10, which is about a minute and a half. */
  attempts?: number
}

/** Runs an action until it succeeds, fails for good, the attempts are used up, or the signal is aborted. */
export async function retrying<T>(
  action: () => Promise<T>,
  { signal, attempts = 10 }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action()
    } catch (error) {
      if (!isTransient(error) || attempt >= attempts || signal.aborted) throw error
      await pause(Math.min(15_000, 250 * 2 ** attempt), signal)
      if (signal.aborted) throw error
    }
  }
}
