import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OpenBlob } from '../blobs/blob-store.ts'
import { evaluateConditions, mayFollowRange, type Validators } from './conditions.ts'
import { copyBytes } from './copy-bytes.ts'
import { formatHttpDate } from './http-date.ts'
import { formatContentRange, frameRanges } from './multipart-ranges.ts'
import { type ByteRange, parseRanges } from './range.ts'

interface FileAnswer extends Validators {
  /** Bytes. */
  size: number
  /** Called when bytes of it are to be sent; closed here. */
  open(): Promise<OpenBlob>
  type: string
  cacheControl: string
  /** The address under which the reverse proxy finds the bytes, when it is to send them. */
  acceleratedBy?: string | undefined
}

/** Answers with a file, wholly or in part, as RFC 9110 has it: conditions, then If-Range, then Range. */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: FileAnswer,
): Promise<void> {
  reply.header('etag', file.etag)
  reply.header('cache-control', file.cacheControl)
  if (file.lastModified !== undefined) reply.header('last-modified', formatHttpDate(file.lastModified))
  const verdict = evaluateConditions(request.headers, file)
  // Without a Content-Length: that would be the file's (RFC 9110 §8.6).
  if (verdict === 'unchanged') return takeOver(request, reply.code(304))
  if (verdict === 'failed') return answerEmpty(request, reply.code(412))
  reply.header('accept-ranges', 'bytes').header('content-type', file.type)
  if (file.acceleratedBy === undefined) return sendRanges(request, reply, file)
  await answerEmpty(request, reply.header('x-accel-redirect', file.acceleratedBy))
}

async function answerEmpty(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await takeOver(request, reply.header('content-length', 0))
}

/** Range is for GET alone (RFC 9110 §14.2). */
async function sendRanges(request: FastifyRequest, reply: FastifyReply, file: FileAnswer): Promise<void> {
  const { size } = file
  const isAsked = request.method === 'GET' && mayFollowRange(request.headers, file)
  const ranges = isAsked ? parseRanges(request.headers.range, size) : undefined
  if (ranges === 'unsatisfiable')
    return answerEmpty(request, reply.code(416).header('content-range', `bytes */${size}`))
  const [range, ...others] = ranges ?? [{ start: 0, end: size - 1 }]
  if (!range) return
  if (others.length > 0) return sendSeveral(request, reply.code(206), file, [range, ...others])
  if (ranges) reply.code(206).header('content-range', formatContentRange(range, size))
  reply.header('content-length', range.end - range.start + 1)
  await sendBlob(request, reply, file, (blob) => copyBytes(blob, range, reply.raw))
}

async function sendSeveral(
  request: FastifyRequest,
  reply: FastifyReply,
  file: FileAnswer,
  ranges: readonly ByteRange[],
): Promise<void> {
  const body = frameRanges(ranges, file)
  reply.header('content-type', body.type).header('content-length', body.length)
  await sendBlob(request, reply, file, async (blob) => {
    for (const { head, range } of body.parts) {
      reply.raw.write(head)
      await copyBytes(blob, range, reply.raw)
    }
    reply.raw.write(body.tail)
  })
}

/** The blob is opened before the headers are sent: without it there is another answer. */
async function sendBlob(
  request: FastifyRequest,
  reply: FastifyReply,
  file: FileAnswer,
  write: (blob: OpenBlob) => Promise<void>,
): Promise<void> {
  if (request.method === 'HEAD') return takeOver(request, reply)
  const blob = await file.open()
  try {
    await takeOver(request, reply, () => write(blob))
  } finally {
    await blob.close()
  }
}

/** Sends the headers, then what `write` writes to the raw response. */
async function takeOver(
  request: FastifyRequest,
  reply: FastifyReply,
  write?: () => Promise<void>,
): Promise<void> {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>)
  try {
    await write?.()
    raw.end()
  } catch (fault) {
    // Headers are out: cutting the connection is the one way left to say that the file is not whole.
    request.log.error({ err: fault }, 'a download failed')
    raw.destroy()
  }
}
