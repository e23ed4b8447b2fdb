import { setTimeout as delay } from 'node:timers/promises'

interface EventuallyOptions {
  /** Milliseconds until it is given up; default: 15 seconds. */
  readonly timeout?: number
  /** Milliseconds between two looks; default: 25. */
  readonly interval?: number
}

/**
 * Looks again and again until there is a value, for states of another process that announce themselves to nobody.
 * Throws with what was awaited once the time is over; an error thrown by `look` ends the waiting at once.
 */
export async function eventually<T>(
  awaited: string,
  look: () => Promise<T | undefined> | T | undefined,
  { timeout = 15_000, interval = 25 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = Date.now() + timeout
  for (;;) {
    const value = await look()
    if (value !== undefined) return value
    if (Date.now() > deadline) throw new Error(`Waited ${timeout} ms in vain for ${awaited}.`)
    await delay(interval)
  }
}
