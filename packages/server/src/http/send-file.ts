import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OpenBlob } from '../blobs/blob-store.ts'
import { drained } from '../streams.ts'
import { type ByteRange, parseRange } from './range.ts'

interface FileAnswer {
  blob: OpenBlob
  /** Quoted, strong. */
  etag: string
  /** UTC epoch seconds. */
  lastModified: number | undefined
  type: string
  cacheControl: string
}

const chunkSize = 512 * 1024

/**
 * Answers with a file, wholly or in part, as RFC 9110 has it: If-None-Match before If-Modified-Since, If-Range, Range.
 *
 * pacman throws a 200 away whose Last-Modified is not later than its If-Modified-Since (measured). So the same date
 * alone is a 304; a client with a later date, which it can't have from here, gets the file without a date.
 */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: FileAnswer,
): Promise<void> {
  const { blob } = file
  try {
    reply.headers({ etag: file.etag, 'cache-control': file.cacheControl, 'accept-ranges': 'bytes' })
    const since = parseDate(request.headers['if-modified-since'])
    if (file.lastModified !== undefined)
      reply.header('last-modified', new Date(file.lastModified * 1000).toUTCString())
    if (isUnchanged(request, file, since)) return end(reply, 304)
    reply.type(file.type)
    const range = mayRange(request, file) ? parseRange(request.headers.range, blob.size) : undefined
    if (range === 'unsatisfiable') return end(reply.header('content-range', `bytes */${blob.size}`), 416)
    if (range) reply.header('content-range', `bytes ${range.start}-${range.end}/${blob.size}`)
    await sendBytes(request, reply.code(range ? 206 : 200), blob, range ?? { start: 0, end: blob.size - 1 })
  } finally {
    await blob.close()
  }
}

function isUnchanged(request: FastifyRequest, file: FileAnswer, since: number | undefined): boolean {
  const tags = request.headers['if-none-match']
  if (tags !== undefined)
    return tags.trim() === '*' || tags.split(',').some((tag) => tag.trim().replace(/^W\//, '') === file.etag)
  return since !== undefined && since === file.lastModified
}

function mayRange(request: FastifyRequest, file: FileAnswer): boolean {
  if (request.method !== 'GET') return false
  const condition = request.headers['if-range']
  if (typeof condition !== 'string') return true
  return condition === file.etag || parseDate(condition) === file.lastModified
}

export function parseDate(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000)
}

function end(reply: FastifyReply, status: number): void {
  reply.code(status).send()
}

async function sendBytes(
  request: FastifyRequest,
  reply: FastifyReply,
  blob: OpenBlob,
  range: ByteRange,
): Promise<void> {
  reply.header('content-length', range.end - range.start + 1)
  reply.hijack()
  const { raw } = reply
  raw.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>)
  try {
    if (request.method !== 'HEAD') await copyRange(blob, range, raw)
    raw.end()
  } catch (fault) {
    // Headers are out: cutting the connection is the one way left to say that the file is not whole.
    request.log.error({ err: fault }, 'a download failed')
    raw.destroy()
  }
}

async function copyRange(blob: OpenBlob, { start, end }: ByteRange, response: ServerResponse): Promise<void> {
  for (let position = start; position <= end; ) {
    const buffer = Buffer.allocUnsafe(Math.min(chunkSize, end - position + 1))
    const count = await blob.read(buffer, position)
    if (response.destroyed) return
    if (count === 0) throw new Error('the file is shorter than it was')
    position += count
    if (!response.write(buffer.subarray(0, count))) await drained(response)
  }
}
