import { availableParallelism } from 'node:os'
import type { PackageHead, ReadOptions } from './archive-facts.ts'
import { createMemoryBudget, type MemoryBudget } from './memory-budget.ts'
import { type ArchiveReading, type ReaderThread, startReaderThread } from './reader-thread.ts'
import { createSlots, type Slots } from './slots.ts'

/** Reads archives apart from the thread that serves requests. */
export interface ArchiveReaders {
  slots: Slots
  /** Of all decoders, also of those that unpack something else than packages. */
  memory: MemoryBudget
  open(options: ReadOptions): ArchiveReading
  /** Reads only the head of a package, to the first of its files. */
  openHead(): ArchiveReading<PackageHead>
  stop(): Promise<void>
}

interface ReadersOptions {
  /** How many threads there are at most; each is started when all others are busy. */
  threads?: number
  /** MiB of JavaScript values in one thread; one that needs more dies, and its uploads fail. */
  heapLimit?: number
  /** Bytes that the windows of all decoders may have together; who finds none left waits in turn. */
  decoderMemory?: number
}

/**
 * Two threads are as much as hashing ever needs (a decoder works in threads of its own), and one where there are few
 * processors. A file list at all its limits needs about 400 MiB for a moment.
 */
const defaults = {
  threads: availableParallelism() > 2 ? 2 : 1,
  heapLimit: 640,
  decoderMemory: 256 * 1024 * 1024,
}

/** With how many uploads a thread is busy: each takes about 30 MiB and half a second to start. */
const busy = 4

/** How many slots are kept for the next uploads. */
const keptSlots = 8

export function createArchiveReaders({
  threads = defaults.threads,
  heapLimit = defaults.heapLimit,
  decoderMemory = defaults.decoderMemory,
}: ReadersOptions = {}): ArchiveReaders {
  const memory = createMemoryBudget(decoderMemory)
  const started = new Set<ReaderThread>()
  return {
    memory,
    slots: createSlots(keptSlots),
    open: (options) => pick().open(options),
    openHead: () => pick().openHead(),
    async stop() {
      await Promise.all([...started].map((thread) => thread.stop()))
    },
  }

  /** The one with the least to do; a new one if that is busy. */
  function pick(): ReaderThread {
    const [least] = [...started].sort((a, b) => a.load() - b.load())
    if (least && (least.load() < busy || started.size >= threads)) return least
    const thread = startReaderThread({ heapLimit, memory, died: () => started.delete(thread) })
    started.add(thread)
    return thread
  }
}
