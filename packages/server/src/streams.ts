import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Resolves when a stream that was full takes more, or has closed and never will; rejects when it fails. */
export async function drained(stream: Writable): Promise<void> {
  if (stream.destroyed) return
  const over = new AbortController()
  try {
    await Promise.race([
      once(stream, 'drain', { signal: over.signal }),
      once(stream, 'close', { signal: over.signal }),
    ])
  } finally {
    over.abort()
  }
}
