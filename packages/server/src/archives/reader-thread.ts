import { Worker } from 'node:worker_threads'
import type { ArchiveFacts, PackageHead, ReadOptions } from './archive-facts.ts'
import type { Claim, MemoryBudget } from './memory-budget.ts'
import { unpackFault } from './packed-fault.ts'
import type { FromReader, ToReader } from './reader-messages.ts'

/** One archive that is being read. */
export interface ArchiveReading<Found = ArchiveFacts> {
  /** What was found once all was read. Rejects, also before the end, with FormatError and PACKAGE_TOO_LARGE. */
  facts: Promise<Found>
  /** Hands over the next bytes, in shared memory; resolves when they are needed no more, rejects as `facts` does. */
  read(bytes: Uint8Array): Promise<void>
  /** Says that no more will come. */
  end(): void
  /** Gives it up, whatever is known by then. Harmless when it is over. */
  abort(): void
}

/** One worker thread, seen from outside. */
export interface ReaderThread {
  open(options: ReadOptions): ArchiveReading
  openHead(): ArchiveReading<PackageHead>
  /** How many archives it reads. */
  load(): number
  stop(): Promise<void>
}

type Found = ArchiveFacts | PackageHead

/** What a thread works with. */
interface ThreadOptions {
  /** MiB. */
  heapLimit: number
  /** Shared by all threads. */
  memory: MemoryBudget
  died: () => void
}

/** An upload's side of its reading. */
interface Upload {
  facts: PromiseWithResolvers<Found>
  /** Bytes that were handed over and not taken yet, oldest first. */
  handed: PromiseWithResolvers<void>[]
}

/**
 * Starts a thread; it does not keep the process alive. When it dies, all its uploads fail, and `died` is called
 * first: it is to be used no more.
 */
export function startReaderThread({ heapLimit, memory, died }: ThreadOptions): ReaderThread {
  const uploads = new Map<number, Upload>()
  // Held longer than an upload that was given up: until the thread has done with it.
  const claims = new Map<number, Claim>()
  let lastId = 0
  const worker = new Worker(new URL('./reader-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: heapLimit, maxYoungGenerationSizeMb: 8 },
  })
  worker.unref()
  worker.on('message', (message: FromReader) => {
    if (message.kind === 'reserve') reserve(message.id, message.bytes)
    else if (message.kind === 'taken') uploads.get(message.id)?.handed.shift()?.resolve()
    else {
      claims.get(message.id)?.give()
      claims.delete(message.id)
      settle(uploads, message.id, outcomeOf(message))
    }
  })
  let cause: unknown
  worker.once('error', (fault) => {
    cause = fault
    died()
  })
  worker.once('exit', () => {
    died()
    for (const claim of claims.values()) claim.give()
    for (const id of [...uploads.keys()]) {
      settle(uploads, id, new Error('The thread that read the archive has died.', { cause }))
    }
  })

  const tell = (message: ToReader): void => worker.postMessage(message)

  function reserve(id: number, bytes: number): void {
    claims.get(id)?.give()
    const claim = memory.claim(bytes)
    claims.set(id, claim)
    claim.granted.then(() => tell({ kind: 'reserved', id }))
  }

  function begin(opening: (id: number) => ToReader): ArchiveReading<Found> {
    lastId += 1
    const id = lastId
    const upload: Upload = { facts: Promise.withResolvers(), handed: [] }
    // Whoever hands over bytes hears of a fault by `read` already.
    upload.facts.promise.catch(() => {})
    uploads.set(id, upload)
    tell(opening(id))
    return {
      facts: upload.facts.promise,
      read(bytes) {
        const taken = Promise.withResolvers<void>()
        if (!uploads.has(id)) return upload.facts.promise.then(() => {})
        upload.handed.push(taken)
        tell({ kind: 'bytes', id, bytes })
        return taken.promise
      },
      end: () => tell({ kind: 'end', id }),
      abort() {
        if (!uploads.has(id)) return
        tell({ kind: 'abort', id })
        settle(uploads, id, new Error('The reading of the archive was given up.'))
      },
    }
  }

  return {
    open: (options) => begin((id) => ({ kind: 'open', id, options })) as ArchiveReading,
    openHead: () => begin((id) => ({ kind: 'open-head', id })) as ArchiveReading<PackageHead>,
    load: () => uploads.size,
    async stop() {
      await worker.terminate()
    },
  }
}

function outcomeOf(message: Exclude<FromReader, { kind: 'taken' | 'reserve' }>): Found | Error {
  if (message.kind === 'facts') return message.facts
  return message.kind === 'head' ? message.head : unpackFault(message.fault)
}

/** Ends an upload; all that waits for something of it hears how. */
function settle(uploads: Map<number, Upload>, id: number, outcome: Found | Error): void {
  const upload = uploads.get(id)
  if (!upload) return
  uploads.delete(id)
  if (outcome instanceof Error) {
    upload.facts.reject(outcome)
    for (const taken of upload.handed) taken.reject(outcome)
  } else {
    upload.facts.resolve(outcome)
    for (const taken of upload.handed) taken.resolve()
  }
}
