import type { Writable } from 'node:stream'

/**
 * Writes bytes and resolves when the stream has no more use for their memory: they were worked up, or it has closed
 * and never will. A stream's own 'drain' says less: below its high-water mark it keeps bytes for later.
 */
export function feed(stream: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) return resolve()
    function done(): void {
      stream.off('close', done)
      resolve()
    }
    stream.once('close', done)
    stream.write(bytes, done)
  })
}
