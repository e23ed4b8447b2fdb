import { randomBytes } from 'node:crypto'
import type { ByteRange } from './range.ts'

/** Several parts of a file as one body (RFC 9110 §14.6): before the bytes of each range its `head`, after the last the `tail`. */
export interface MultipartRanges {
  type: string
  /** Bytes of the whole body. */
  length: number
  parts: readonly { head: Buffer; range: ByteRange }[]
  tail: Buffer
}

/** `file` is the whole file: its type and its size in bytes. */
export function frameRanges(
  ranges: readonly ByteRange[],
  file: { type: string; size: number },
): MultipartRanges {
  const boundary = randomBytes(16).toString('hex')
  const parts = ranges.map((range) => ({ head: Buffer.from(headOf(boundary, range, file)), range }))
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  const lengths = parts.map(({ head, range }) => head.length + range.end - range.start + 1)
  return {
    type: `multipart/byteranges; boundary=${boundary}`,
    length: lengths.reduce((sum, length) => sum + length, tail.length),
    parts,
    tail,
  }
}

export function formatContentRange({ start, end }: ByteRange, size: number): string {
  return `bytes ${start}-${end}/${size}`
}

function headOf(boundary: string, range: ByteRange, { type, size }: { type: string; size: number }): string {
  const fields = `Content-Type: ${type}\r\nContent-Range: ${formatContentRange(range, size)}`
  return `\r\n--${boundary}\r\n${fields}\r\n\r\n`
}
