import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { FormatError } from '@vieter/alpm'

type FromWorker = { want: true } | { bytes: Uint8Array } | { end: true } | { fault: string }

/**
 * Unpacks xz in a worker of its own, so that the decoder (WebAssembly, synchronous) never holds up other requests.
 * The worker asks for each chunk, so that neither side runs ahead of the other by more than one.
 * Throws FormatError when the data is damaged or ends early.
 */
export async function* decompressXz(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const worker = new Worker(new URL('./xz-worker.ts', import.meta.url))
  const input = bytes[Symbol.asyncIterator]()
  try {
    for (;;) {
      const [message] = (await once(worker, 'message')) as [FromWorker]
      if ('want' in message) {
        const next = await input.next()
        worker.postMessage(next.done ? null : next.value)
      } else if ('bytes' in message) {
        yield message.bytes
        worker.postMessage('next')
      } else if ('fault' in message) {
        throw new FormatError('invalid', `The xz data is damaged or ends too early: ${message.fault}.`)
      } else {
        return
      }
    }
  } finally {
    await worker.terminate()
  }
}
