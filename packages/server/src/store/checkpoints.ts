import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Sqlite } from './sqlite.ts'

/** Keeps the write-ahead log of a busy store small without holding up its writer. */
export interface Checkpoints {
  /** To be called after each commit, by the thread that writes. */
  committed(): void
  close(): Promise<void>
}

/** Commits after which the log is copied: some MiB. A store that is written rarely is left to SQLite's own ways. */
const commitsBetween = 128

/**
 * Has another thread copy most of the log, and this one then the little that was written meanwhile: only when all of it is
 * copied does SQLite begin it anew (wal.html, "Avoiding Excessively Large WAL Files").
 */
export function createCheckpoints(writer: Sqlite, path: string): Checkpoints {
  let worker: Worker | undefined
  let commits = 0
  let state: 'idle' | 'copying' | 'copied' = 'idle'

  function startWorker(): Worker {
    const started = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), { workerData: path })
    started.on('message', () => {
      state = 'copied'
    })
    // Without it SQLite copies by itself, in the writer's time.
    started.on('error', () => {
      worker = undefined
      state = 'idle'
    })
    started.unref()
    return started
  }

  return {
    committed() {
      commits += 1
      if (state === 'copied') {
        writer.execute('pragma wal_checkpoint(passive)', [])
        state = 'idle'
        commits = 0
      } else if (state === 'idle' && commits >= commitsBetween) {
        worker ??= startWorker()
        worker.postMessage('checkpoint')
        state = 'copying'
      }
    },
    async close() {
      if (!worker) return
      const exited = once(worker, 'exit')
      worker.postMessage('close')
      await exited
    },
  }
}
