import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Store } from '../store/open-store.ts'
import { type EntryQuestions, questionsOf, type WantedEntries } from './entry-reader.ts'
import type { Effort, RenderedSegment } from './render-entries.ts'

export interface RenderQuestions extends EntryQuestions {
  effort: Effort
}

export type ToRenderer = 'close' | RenderQuestions

export type FromRenderer = { segments: RenderedSegment[] } | { fault: string }

/** Threads that render segments, so that no request waits for a compression. */
export interface Renderers {
  /** Rejects when the rows can't be read, or a segment didn't come out right. */
  render(wanted: WantedEntries, effort: Effort): Promise<RenderedSegment[]>
  close(): Promise<void>
}

interface Waiting {
  questions: RenderQuestions
  resolve(segments: RenderedSegment[]): void
  reject(fault: Error): void
}

interface Thread {
  worker: Worker
  /** What it works on; it is given one request at a time. */
  current: Waiting | undefined
}

/** Two keep two cores busy; more would only take memory from the rest. */
const threadCount = 2
/** Strings of a segment or two, and what the largest list of files needs. MiB. */
const resourceLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 }

/** Threads are started when there is work for them. A thread that dies fails what it worked on, and is replaced. */
export function createRenderers(storePath: string, store: Store): Renderers {
  const threads = new Set<Thread>()
  const queue: Waiting[] = []

  function startThread(): Thread {
    const worker = new Worker(new URL('./render-worker.ts', import.meta.url), {
      workerData: storePath,
      resourceLimits,
    })
    const thread: Thread = { worker, current: undefined }
    worker.on('message', (message: FromRenderer) => {
      const done = thread.current
      thread.current = undefined
      if ('segments' in message) done?.resolve(message.segments)
      else done?.reject(new Error(message.fault))
      advance()
    })
    const end = (fault: Error) => {
      threads.delete(thread)
      thread.current?.reject(fault)
      thread.current = undefined
      advance()
    }
    worker.on('error', end)
    worker.on('exit', () => end(new Error('A thread that renders databases has ended.')))
    threads.add(thread)
    return thread
  }

  function idleThread(): Thread | undefined {
    for (const thread of threads) if (!thread.current) return thread
    return threads.size < threadCount ? startThread() : undefined
  }

  function advance(): void {
    while (queue.length > 0) {
      const thread = idleThread()
      const next = thread && queue.shift()
      if (!next) return
      thread.current = next
      thread.worker.postMessage(next.questions satisfies ToRenderer)
    }
  }

  return {
    render(wanted, effort) {
      const { promise, resolve, reject } = Promise.withResolvers<RenderedSegment[]>()
      queue.push({ questions: { ...questionsOf(store, wanted), effort }, resolve, reject })
      advance()
      return promise
    },
    async close() {
      await Promise.all(
        [...threads].map(async ({ worker }) => {
          const exited = once(worker, 'exit')
          worker.postMessage('close' satisfies ToRenderer)
          await exited
        }),
      )
    },
  }
}
