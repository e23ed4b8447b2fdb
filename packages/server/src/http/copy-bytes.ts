import type { ServerResponse } from 'node:http'
import type { OpenBlob } from '../blobs/blob-store.ts'
import type { ByteRange } from './range.ts'

/*
 * Bytes go from a blob to a client through buffers that are used again: making one for every piece costs more than
 * reading it. Large buffers make few calls; a crowd of slow clients, of whom each holds one for minutes, gets small ones.
 */

/** What a processor's own cache holds: read into it and written from it, the bytes take no way through memory (measured). */
const largeSize = 256 * 1024
const smallSize = 64 * 1024
/** How many large buffers there are at most: 16 MiB. */
const maxLarge = 64

const spare: Buffer[] = []
let lent = 0

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
    const buffer = lend()
    let isFree = false
    try {
      const count = await blob.read(buffer.subarray(0, end - position + 1), position)
      if (count === 0) throw new Error('the file is shorter than it was')
      position += count
      isFree = await write(response, buffer.subarray(0, count))
    } finally {
      take(buffer, isFree)
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

function lend(): Buffer {
  const isLarge = lent < maxLarge
  lent += 1
  if (!isLarge) return Buffer.allocUnsafeSlow(smallSize)
  return spare.pop() ?? Buffer.allocUnsafeSlow(largeSize)
}

function take(buffer: Buffer, isFree: boolean): void {
  lent -= 1
  if (isFree && buffer.length === largeSize && spare.length < maxLarge) spare.push(buffer)
}
