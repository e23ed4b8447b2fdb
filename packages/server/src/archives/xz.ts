import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { FormatError, inspectXz, type XzInspector, type XzNeeds } from '@vieter/alpm'
import type { Decoding } from './decoding.ts'
import { unpackByProgram } from './program.ts'

type FromWorker = { want: true } | { bytes: Uint8Array } | { end: true } | { fault: string }

/** What the decoder of Vieter's own cannot do is left to the program xz: large dictionaries, filters, SHA-256. */
const own = { maxDictionarySize: 64 * 1024 * 1024, maxCheck: 4 }

/**
 * Unpacks xz. `head` is the beginning of the bytes, with the header of the first block.
 * Throws FormatError when the data is damaged, ends early, is followed by something else, or needs too large a dictionary.
 */
export async function* unpackXz(
  bytes: AsyncIterable<Uint8Array>,
  head: Uint8Array,
  decoding: Decoding,
): AsyncGenerator<Uint8Array> {
  const limits = { maxDictionarySize: decoding.maxWindowSize }
  const needs = needsOf(head, limits)
  const inspected = inspect(bytes, inspectXz(limits))
  if (needs && !isOwn(needs)) {
    yield* unpackByProgram('xz', inspected, { head, decoding, dictionarySize: needs.dictionarySize })
  } else {
    await decoding.reserve(needs?.dictionarySize ?? own.maxDictionarySize)
    yield* unpackInWorker(inspected)
  }
}

function needsOf(head: Uint8Array, limits: Parameters<typeof inspectXz>[0]): XzNeeds | undefined {
  const inspector = inspectXz(limits)
  inspector.push(head)
  return inspector.needs()
}

function isOwn({ dictionarySize, check, filters }: XzNeeds): boolean {
  return dictionarySize <= own.maxDictionarySize && check <= own.maxCheck && filters.length === 0
}

/** The same bytes, each chunk looked at before a decoder has it. */
async function* inspect(
  bytes: AsyncIterable<Uint8Array>,
  inspector: XzInspector,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    inspector.push(chunk)
    yield chunk
  }
  inspector.end()
}

/**
 * Unpacks in a worker of its own, so that the decoder (WebAssembly, synchronous) never holds up other requests.
 * The worker asks for each chunk, so that neither side runs ahead of the other by more than one.
 */
async function* unpackInWorker(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
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
        throw new FormatError('invalid', `The xz data is damaged: ${message.fault}.`)
      } else {
        return
      }
    }
  } finally {
    await worker.terminate()
  }
}
