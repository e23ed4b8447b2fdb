import { once } from 'node:events'
import type { Writable } from 'node:stream'

/**
 * Writes bytes and resolves when the stream has no more use for their memory: they were worked up, or it has closed
 * and never will. A stream's own 'drain' says less: below its high-water mark it keeps bytes for later.
 */
export async function feed(stream: Writable, bytes: Uint8Array): Promise<void> {
  if (stream.destroyed) return
  const over = new AbortController()
  const closed = once(stream, 'close', { signal: over.signal }).catch(() => {})
  const worked = new Promise<void>((resolve) => stream.write(bytes, () => resolve()))
  await Promise.race([worked, closed])
  over.abort()
}
