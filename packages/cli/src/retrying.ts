import { AppError } from '@vieter/api'
import type { Surroundings } from './surroundings.ts'

/** How long to wait before each further try, in milliseconds: long enough for a server that is started anew. */
const pauses = [1000, 4000]

interface Retrying<T> {
  signal: AbortSignal
  attempt(): Promise<T>
  tell(why: string): Promise<void>
}

/**
 * Does something again when the connection was cut or the server is stopping; three times in all. Only for what does no
 * harm twice. Throws what the last attempt throws.
 */
export async function retrying<T>(
  { wait }: Pick<Surroundings, 'wait'>,
  { signal, attempt, tell }: Retrying<T>,
): Promise<T> {
  for (const [index, pause] of pauses.entries()) {
    try {
      return await attempt()
    } catch (fault) {
      if (signal.aborted || !isPassing(fault)) throw fault
      await tell(`${fault.message} Trying again, ${index + 2} of ${pauses.length + 1}.`)
      await wait(pause)
      signal.throwIfAborted()
    }
  }
  return attempt()
}

function isPassing(fault: unknown): fault is AppError {
  return fault instanceof AppError && (fault.code === 'SERVER_UNREACHABLE' || fault.code === 'SHUTTING_DOWN')
}
