import { AppError } from '@vieter/api'
import type { FastifyReply, FastifyRequest } from 'fastify'

interface Exchange {
  request: FastifyRequest
  reply: FastifyReply
}

/**
 * The body of a request as a stream. A client that asks first (`Expect: 100-continue`, as curl does) is told to send it
 * when it is first read: a wrong key is refused before a byte of it is sent. While it is read it throws LENGTH_REQUIRED
 * when the request has neither a length nor chunked coding (RFC 9110 §15.5.12), and BODY_INVALID when the connection
 * is cut.
 */
export async function* streamBody({ request: { raw }, reply }: Exchange): AsyncGenerator<Uint8Array> {
  if (raw.headers['content-length'] === undefined && raw.headers['transfer-encoding'] === undefined) {
    throw new AppError('LENGTH_REQUIRED')
  }
  if (raw.httpVersion === '1.1' && /^100-continue$/i.test(raw.headers.expect ?? '')) reply.raw.writeContinue()
  try {
    // A refused body is left unread: its rest is thrown away after the answer.
    for await (const chunk of raw.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array
  } catch (cause) {
    throw cutShort(cause)
  }
  if (!raw.complete) throw cutShort(undefined)
}

/**
 * A package that is being uploaded, with its size where the request has a Content-Length. The memory of a chunk is freed
 * once the next is asked for.
 */
export function packageBody(exchange: Exchange): {
  chunks: AsyncIterable<Uint8Array>
  declaredSize?: number
} {
  const length = exchange.request.headers['content-length']
  const chunks = freed(streamBody(exchange))
  return length === undefined ? { chunks } : { chunks, declaredSize: Number(length) }
}

/** Left to the garbage collector, the chunks of a large body would have it run several times a second, at 10 ms each. */
async function* freed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk
    const { buffer } = chunk
    if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.length) buffer.transfer(0)
  }
}

function cutShort(cause: unknown): AppError {
  return new AppError('BODY_INVALID', {
    message: 'The connection was cut before the whole body had arrived.',
    cause,
  })
}

/** A small body whole. Throws as `streamBody` does, and BODY_TOO_LARGE above `limit` bytes. */
export async function readBody(exchange: Exchange, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of streamBody(exchange)) {
    size += chunk.length
    if (size > limit)
      throw new AppError('BODY_TOO_LARGE', { message: `The body is larger than ${limit} bytes.` })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
