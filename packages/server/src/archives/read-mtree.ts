import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { MtreeEntry } from '@vieter/alpm'
import { type PackedFault, unpackFault } from './packed-fault.ts'

/** What the thread is given. */
export interface MtreeTask {
  /** As it lies in the archive. */
  packed: Uint8Array
  offset: number
  limit: number
}

export type MtreeAnswer = { entries: MtreeEntry[] } | { fault: PackedFault }

/** MiB: half a million entries need 300. */
const heapLimit = 512

/**
 * A page of the entries of a .MTREE, read in a thread of its own, which ends with it: that of a large package takes a
 * second, and hardly anyone asks for it. Throws FormatError.
 */
export async function readMtree(task: MtreeTask): Promise<MtreeEntry[]> {
  const worker = new Worker(new URL('./mtree-worker.ts', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: heapLimit },
  })
  try {
    const [answer] = (await once(worker, 'message')) as [MtreeAnswer]
    if ('fault' in answer) throw unpackFault(answer.fault)
    return answer.entries
  } finally {
    await worker.terminate()
  }
}
