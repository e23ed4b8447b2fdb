import { createGunzip, type Gunzip } from 'node:zlib'
import { FormatError } from '@vieter/alpm'
import { freed } from './decoding.ts'
import { feed } from './feed.ts'

/** Node reads all members of a gzip file but silently ignores what follows the last; that is found by counting. */
export async function* unpackGzip(
  bytes: AsyncIterable<Uint8Array>,
  chunkSize: number,
): AsyncGenerator<Uint8Array> {
  const decoder = createGunzip({ chunkSize })
  const fed = feedAll(decoder, bytes).catch((fault: Error) => {
    decoder.destroy(fault)
    return 0
  })
  yield* freed(decoder, chunkSize)
  const rest = (await fed) - decoder.bytesWritten
  if (rest > 0) throw new FormatError('trailing-garbage', `${rest} bytes follow the end of the gzip data.`)
}

/** Feeds a decoder to the end of the bytes, and counts them. */
async function feedAll(decoder: Gunzip, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    await feed(decoder, chunk)
    if (decoder.errored) break
  }
  decoder.end()
  return size
}
