import { createHash } from 'node:crypto'
import type { OpenBlob } from '../blobs/blob-store.ts'

const pieceSize = 1024 * 1024

/** The SHA-256 of a blob in lower-case hex; undefined when there is no such blob. */
export async function hashBlob(open: () => Promise<OpenBlob | undefined>): Promise<string | undefined> {
  const blob = await open()
  if (!blob) return undefined
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(Math.min(pieceSize, blob.size + 1))
  try {
    for (let position = 0; ; ) {
      const count = await blob.read(buffer, position)
      if (count === 0) return hash.digest('hex')
      hash.update(buffer.subarray(0, count))
      position += count
    }
  } finally {
    await blob.close()
  }
}
