import { createHash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { ReadOptions } from './archive-facts.ts'
import { chunkQueue } from './chunk-queue.ts'
import { packFault } from './packed-fault.ts'
import { type ReadingParts, readArchive, readHead } from './read-archive.ts'
import type { FromReader, ToReader } from './reader-messages.ts'
import { reservation } from './reservation.ts'

/*
 * A thread that reads archives, several at once: while one waits for its bytes or its decoder, the others go on.
 */

const port = parentPort
if (!port) throw new Error('reader-worker runs in a worker thread alone')

interface Reading {
  take(bytes: Uint8Array): void
  end(): void
  /** The memory that was asked for is there. */
  reserved(): void
  abort(): void
}

const readings = new Map<number, Reading>()

function answer(message: FromReader): void {
  port?.postMessage(message)
}

function openPackage(id: number, { md5, ...limits }: ReadOptions): Reading {
  const hashes = hashing(md5 === true)
  const reading = open(id, async (chunks, parts) => {
    const contents = await readArchive(chunks, parts, limits)
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
  return open(id, async (chunks, parts) => ({ kind: 'head', id, head: await readHead(chunks, parts) }))
}

type Read = (chunks: AsyncIterable<Uint8Array>, parts: ReadingParts) => Promise<FromReader>

function open(id: number, read: Read): Reading {
  const aborting = new AbortController()
  const queue = chunkQueue(() => answer({ kind: 'taken', id }))
  const memory = reservation((bytes) => answer({ kind: 'reserve', id, bytes }))
  read(queue, { reserve: memory.reserve, signal: aborting.signal })
    .then(answer)
    .catch((fault: unknown) => answer({ kind: 'fault', id, fault: packFault(fault) }))
    .finally(() => readings.delete(id))
  return {
    take: queue.push,
    end: queue.end,
    reserved: memory.granted,
    abort() {
      const fault = new Error('The reading of the archive was given up.')
      aborting.abort(fault)
      queue.fail(fault)
      memory.fail(fault)
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
  else if (message.kind === 'reserved') reading?.reserved()
  else reading?.abort()
}
