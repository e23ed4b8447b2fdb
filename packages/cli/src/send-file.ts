import { AppError } from '@vieter/api'
import type { Invocation } from './invocation.ts'
import type { PackageFile } from './package-files.ts'
import { retrying } from './retrying.ts'
import { createUploadProgress } from './upload-progress.ts'

/** What a request that carries a package is made with. */
export interface UploadRequest {
  body: ReadableStream<Uint8Array>
  size: number
  signature?: string
  signal: AbortSignal
}

/**
 * Uploads a file piece by piece, telling how far it is. A connection that is cut is tried again: `send` has to be one that
 * does no harm twice. Throws what `send` throws, what the disk says, and the reason of the signal.
 */
export async function sendFile<T>(
  invocation: Invocation,
  file: PackageFile,
  { signal, send }: { signal: AbortSignal; send(request: UploadRequest): Promise<T> },
): Promise<T> {
  const progress = createUploadProgress(invocation, file)
  try {
    const answer = await retrying(invocation.surroundings, {
      signal,
      attempt: () => sendOnce(invocation, file, { signal, send, moved: progress.moved }),
      tell: progress.restarted,
    })
    await progress.arrived()
    return answer
  } catch (fault) {
    await progress.clear()
    throw fault
  }
}

interface Sending<T> {
  signal: AbortSignal
  send(request: UploadRequest): Promise<T>
  moved(bytes: number): void
}

async function sendOnce<T>(
  { surroundings }: Invocation,
  { path, size, signature }: PackageFile,
  { signal, send, moved }: Sending<T>,
): Promise<T> {
  // The network reports a body that ends early as a fault of its own: what really happened is kept here.
  let readFault: unknown
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let read = 0
    try {
      for await (const piece of surroundings.readPieces(path)) {
        read += piece.length
        if (read > size) break
        yield piece
        moved(piece.length)
      }
    } catch (fault) {
      readFault = fault
      throw fault
    }
    if (read === size) return
    readFault = new AppError('BODY_INVALID', {
      message: `${path} changed while it was sent.`,
      hint: 'Publish it again once nothing writes to it any more.',
    })
    throw readFault
  }
  const body = ReadableStream.from(pieces())
  try {
    return await send({ body, size, signal, ...(signature === undefined ? {} : { signature }) })
  } catch (fault) {
    throw readFault ?? fault
  }
}
