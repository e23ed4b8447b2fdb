import type { ServerResponse } from 'node:http'
import type { OpenBlob } from '../blobs/blob-store.ts'
import { lendBuffer } from './copy-buffers.ts'
import type { ByteRange } from './range.ts'

/**
 * Sends a part of a blob, one piece after the other, each once the one before is on its way. Ends early, without an
 * error, when the client has gone. Throws when the blob is shorter than it should be, and what its reading throws.
 */
export async function copyBytes(
  blob: OpenBlob,
  { start, end }: ByteRange,
  response: ServerResponse,
): Promise<void> {
  for (let position = start; position <= end; ) {
    const buffer = lendBuffer()
    let isFree = false
    try {
      const count = await blob.read(buffer.bytes.subarray(0, end - position + 1), position)
      if (count === 0) throw new Error('the file is shorter than it was')
      position += count
      isFree = await write(response, buffer.bytes.subarray(0, count))
    } finally {
      buffer.giveBack(isFree)
    }
    if (!isFree) return
  }
}

/**
 * Resolves with true once the system has taken all bytes; with false when the client has gone, and then it is not known
 * whether the system still looks at the bytes.
 */
function write(response: ServerResponse, bytes: Buffer): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false)
  return new Promise((resolve) => {
    const gone = () => resolve(false)
    response.once('close', gone)
    response.write(bytes, (fault) => {
      response.off('close', gone)
      resolve(!fault)
    })
  })
}
