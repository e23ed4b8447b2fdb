import { createHash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { ReadOptions } from './archive-facts.ts'
import { chunkQueue } from './chunk-queue.ts'
import { packFault } from './packed-fault.ts'
import { readArchive, readHead } from './read-archive.ts'
import type { FromReader, ToReader } from './reader-messages.ts'

/*
 * A thread that reads archives, several at once: while one waits for its bytes or its decoder, the others go on.
 */

const port = parentPort
if (!port) throw new Error('reader-worker runs in a worker thread alone')

interface Reading {
  take(bytes: Uint8Array): void
  end(): void
  abort(): void
}

const readings = new Map<number, Reading>()

function answer(message: FromReader): void {
  port?.postMessage(message)
}

function openPackage(id: number, { maxUnpackedSize, md5 }: ReadOptions): Reading {
  const hashes = hashing(md5 === true)
  const reading = open(id, async (chunks, signal) => {
    const contents = await readArchive(chunks, { maxUnpackedSize, signal })
    return { kind: 'facts', id, facts: { ...contents, ...hashes.end() } }
  })
  return {
    ...reading,
    take(bytes) {
      // Hashed when they come, not when they are unpacked: the decoder, which has threads of its own, is not held up.
      hashes.update(bytes)
      reading.take(bytes)
    },
  }
}

function openHead(id: number): Reading {
  return open(id, async (chunks, signal) => ({ kind: 'head', id, head: await readHead(chunks, signal) }))
}

type Read = (chunks: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<FromReader>

function open(id: number, read: Read): Reading {
  const aborting = new AbortController()
  const queue = chunkQueue(() => answer({ kind: 'taken', id }))
  read(queue, aborting.signal)
    .then(answer)
    .catch((fault: unknown) => answer({ kind: 'fault', id, fault: packFault(fault) }))
    .finally(() => readings.delete(id))
  return {
    take: queue.push,
    end: queue.end,
    abort() {
      aborting.abort()
      queue.fail(new Error('The reading of the archive was given up.'))
    },
  }
}

interface Hashes {
  update(bytes: Uint8Array): void
  end(): { size: number; sha256: string; md5?: string }
}

function hashing(withMd5: boolean): Hashes {
  const sha256 = createHash('sha256')
  const md5 = withMd5 ? createHash('md5') : undefined
  let size = 0
  return {
    update(bytes) {
      size += bytes.length
      sha256.update(bytes)
      md5?.update(bytes)
    },
    end: () => ({ size, sha256: sha256.digest('hex'), ...(md5 ? { md5: md5.digest('hex') } : {}) }),
  }
}

port.on('message', (message: ToReader) => {
  const { id } = message
  if (message.kind === 'open') readings.set(id, openPackage(id, message.options))
  else if (message.kind === 'open-head') readings.set(id, openHead(id))
  else tell(readings.get(id), message)
})

/** What still comes for an archive that was found bad, or whose head is known, is thrown away. */
function tell(
  reading: Reading | undefined,
  message: Exclude<ToReader, { kind: 'open' | 'open-head' }>,
): void {
  if (message.kind === 'bytes') reading?.take(message.bytes)
  else if (message.kind === 'end') reading?.end()
  else reading?.abort()
}
