import { constants, createZstdDecompress, type ZstdDecompress } from 'node:zlib'
import { type ZstdPiece, zstdPieces } from '@vieter/alpm'
import { type Decoding, freed } from './decoding.ts'
import { feed } from './feed.ts'

/** What pacman’s decoder takes, whatever a server would. */
const maxWindowSize = 128 * 1024 * 1024

/** One decoder for each frame: Node's stops after the first of several, and ignores garbage after the last. */
export async function* unpackZstd(
  bytes: AsyncIterable<Uint8Array>,
  chunkSize: number,
  decoding: Decoding,
): AsyncGenerator<Uint8Array> {
  const pieces = zstdPieces(bytes, { maxWindowSize: Math.min(maxWindowSize, decoding.maxWindowSize) })
  for (let first = await pieces.next(); !first.done; first = await pieces.next()) {
    await decoding.reserve(first.value.windowSize)
    const decoder = createZstdDecompress({ chunkSize, params: { [constants.ZSTD_d_windowLogMax]: 27 } })
    const fed = feedFrame(decoder, first.value, pieces).catch((fault: Error) => decoder.destroy(fault))
    yield* freed(decoder, chunkSize)
    await fed
  }
}

async function feedFrame(
  decoder: ZstdDecompress,
  first: ZstdPiece,
  rest: AsyncIterator<ZstdPiece>,
): Promise<void> {
  for (let piece = first; ; ) {
    await feed(decoder, piece.bytes)
    if (piece.endsFrame || decoder.destroyed) break
    const next = await rest.next()
    if (next.done) break
    piece = next.value
  }
  decoder.end()
}
