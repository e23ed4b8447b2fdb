/** An upload's memory, as the thread sees it that reads the upload. */
interface Reservation {
  /** Waits until so many bytes are its own. */
  reserve(bytes: number): Promise<void>
  /** What was asked for last is there. */
  granted(): void
  /** Whoever waits gets the fault. */
  fail(fault: Error): void
}

/** Bytes that every reading may use unasked: less than its other buffers have. */
const free = 1024 * 1024

/** `ask` is called with how many bytes are wanted, in place of those that were granted before; never while one waits. */
export function reservation(ask: (bytes: number) => void): Reservation {
  let held = free
  let waiting: PromiseWithResolvers<void> | undefined
  return {
    async reserve(bytes) {
      if (bytes <= held) return
      held = bytes
      waiting = Promise.withResolvers()
      ask(bytes)
      await waiting.promise
    },
    granted: () => waiting?.resolve(),
    fail: (fault) => waiting?.reject(fault),
  }
}
