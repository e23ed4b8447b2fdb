import { parentPort, workerData } from 'node:worker_threads'
import { gunzipSync } from 'node:zlib'
import { detectCompression, FormatError, parseMtree } from '@vieter/alpm'
import { packFault } from './packed-fault.ts'
import type { MtreeAnswer, MtreeTask } from './read-mtree.ts'

/** Bytes of a text; half a million entries with long paths. */
const maxTextSize = 256 * 1024 * 1024

function unpack(packed: Uint8Array): Uint8Array {
  if (detectCompression(packed) !== 'gzip') return packed
  try {
    return gunzipSync(packed, { maxOutputLength: maxTextSize })
  } catch (cause) {
    throw new FormatError('invalid', `The gzip data of .MTREE cannot be read: ${(cause as Error).message}.`)
  }
}

function answer({ packed, offset, limit }: MtreeTask): MtreeAnswer {
  try {
    const entries = parseMtree(new TextDecoder().decode(unpack(packed)))
    return { entries: entries.slice(offset, offset + limit) }
  } catch (fault) {
    return { fault: packFault(fault) }
  }
}

parentPort?.postMessage(answer(workerData as MtreeTask))
