import type { Invocation } from './invocation.ts'

/** How often the line changes at most, in milliseconds. */
const interval = 100

/** One line on standard error that says how far something is; nothing where that is no terminal. */
export interface Progress {
  show(step: string, done: number, total: number): void
  /** Takes the line away. */
  clear(): Promise<void>
}

export function createProgress({ surroundings, options }: Invocation): Progress {
  const { stderr, now } = surroundings
  if (!stderr.isTerminal || options.raw) return { show() {}, clear: async () => {} }
  let last = 0
  let isShown = false
  return {
    show(step, done, total) {
      const time = now().getTime()
      if (time - last < interval) return
      last = time
      isShown = true
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total)
      void stderr.write(`\r\u001b[K${step}: ${percent} %`)
    },
    async clear() {
      if (isShown) await stderr.write('\r\u001b[K')
      isShown = false
    },
  }
}
