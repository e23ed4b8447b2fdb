import { formatBytes } from './byte-size.ts'
import type { Invocation } from './invocation.ts'
import { neutralise } from './neutralise.ts'
import { truncate } from './text-width.ts'

/** How often the line of an upload changes at most, in milliseconds. */
const interval = 100

/** Tells on standard error how far the upload of one file is. */
export interface UploadProgress {
  /** So many bytes of it are on their way. */
  moved(bytes: number): void
  /** It is being tried again from its beginning. */
  restarted(why: string): Promise<void>
  /** It has arrived: its line stays. */
  arrived(): Promise<void>
  /** It has not: its line goes. */
  clear(): Promise<void>
}

/** On a terminal a line that moves; elsewhere one line for each file that has arrived; nothing with --raw. */
export function createUploadProgress(
  { surroundings, options }: Invocation,
  { filename, size }: { filename: string; size: number },
): UploadProgress {
  const { stderr, now } = surroundings
  const isMoving = stderr.isTerminal && !options.raw
  const begun = now().getTime()
  const name = neutralise(filename)
  let last = 0
  let done = 0
  const start = isMoving ? '\r\u001b[K' : ''

  function rate(bytes: number): string {
    const seconds = Math.max(0.001, (now().getTime() - begun) / 1000)
    return `${formatBytes(bytes / seconds)}/s`
  }

  return {
    moved(bytes) {
      done += bytes
      const time = now().getTime()
      if (!isMoving || time - last < interval) return
      last = time
      const percent = size === 0 ? 100 : Math.floor((100 * done) / size)
      const line = `${percent} %  ${formatBytes(done)} of ${formatBytes(size)}  ${rate(done)}  ${name}`
      // A line that wraps could not be taken away again.
      void stderr.write(start + truncate(line, (stderr.columns ?? 80) - 1))
    },
    async restarted(why) {
      done = 0
      if (!options.raw) await stderr.write(`${start}${name}: ${neutralise(why)}\n`)
    },
    async arrived() {
      if (!options.raw) await stderr.write(`${start}${name}  ${formatBytes(size)}  ${rate(size)}\n`)
    },
    async clear() {
      if (isMoving) await stderr.write(start)
    },
  }
}
