import { createHash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { ReadOptions } from './archive-facts.ts'
import { chunkQueue } from './chunk-queue.ts'
import { packFault } from './packed-fault.ts'
import { readArchive } from './read-archive.ts'
import type { FromReader, ToReader } from './reader-messages.ts'

/*
 * A thread that reads archives, several at once: while one waits for its bytes or its decoder, the others go on.
 */

const port = parentPort
if (!port) throw new Error('reader-worker runs in a worker thread alone')

interface Upload {
  take(bytes: Uint8Array): void
  end(): void
  abort(): void
}

const uploads = new Map<number, Upload>()

function answer(message: FromReader): void {
  port?.postMessage(message)
}

function openUpload(id: number, { maxUnpackedSize, md5 }: ReadOptions): Upload {
  const aborting = new AbortController()
  const queue = chunkQueue(() => answer({ kind: 'taken', id }))
  const hashes = hashing(md5 === true)
  readArchive(queue, { maxUnpackedSize, signal: aborting.signal })
    .then((contents) => answer({ kind: 'facts', id, facts: { ...contents, ...hashes.end() } }))
    .catch((fault: unknown) => answer({ kind: 'fault', id, fault: packFault(fault) }))
    .finally(() => uploads.delete(id))
  return {
    take(bytes) {
      // Hashed when they come, not when they are unpacked: the decoder, which has threads of its own, is not held up.
      hashes.update(bytes)
      queue.push(bytes)
    },
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
  if (message.kind === 'open') {
    uploads.set(message.id, openUpload(message.id, message.options))
    return
  }
  // What still comes for an upload that was found bad is thrown away.
  const upload = uploads.get(message.id)
  if (message.kind === 'bytes') upload?.take(message.bytes)
  else if (message.kind === 'end') upload?.end()
  else upload?.abort()
})
