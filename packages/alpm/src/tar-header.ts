import { FormatError, quote } from './format-error.ts'

/** Tar is made of blocks of this many bytes. */
export const blockSize = 512

/** One header block, its numbers and texts decoded, nothing interpreted. */
export interface RawHeader {
  readonly name: string
  readonly mode: number
  readonly size: number
  readonly mtime: number
  readonly typeflag: string
  readonly linkname: string
}

const lossyUtf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Bytes → text up to the first NUL; what is not UTF-8 becomes U+FFFD, so ASCII checks on it still hold. */
export function decodeText(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (byte === 0) return text
    if (byte > 0x7f) return decodeUtf8(bytes)
    text += String.fromCharCode(byte)
  }
  return text
}

function decodeUtf8(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return lossyUtf8.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** Whether all bytes are zero, as in the blocks that end an archive. */
export function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false
  return true
}

/**
 * Whether the checksum of a header block is right: the sum of all bytes, those of the checksum itself taken
 * as blanks. Sums of signed bytes, as some old programs wrote them, are taken too.
 */
export function hasValidChecksum(block: Uint8Array): boolean {
  const stored = parseOctal(block.subarray(148, 156))
  let sum = 0
  for (let i = 0; i < blockSize; i++) sum += block[i] ?? 0
  for (let i = 148; i < 156; i++) sum += 0x20 - (block[i] ?? 0)
  return stored === sum || stored === sum - 0x100 * countHighBytes(block)
}

/** Each byte above 127 counts 256 less when bytes are signed. */
function countHighBytes(block: Uint8Array): number {
  let count = 0
  for (let i = 0; i < blockSize; i++) {
    if ((i < 148 || i >= 156) && (block[i] ?? 0) > 0x7f) count++
  }
  return count
}

/** 512 bytes → header, of v7, ustar or GNU make. FormatError `invalid` on a wrong checksum or number. */
export function parseHeader(block: Uint8Array): RawHeader {
  if (!hasValidChecksum(block)) {
    throw new FormatError('invalid', 'The tar archive is damaged: a header has a wrong checksum.')
  }
  for (const [field, start, length] of numberFields) {
    if (!isNumber(block, start, start + length)) throw impossible(field)
  }
  const name = decodeText(block.subarray(0, 100))
  const prefix = isPosix(block) ? decodeText(block.subarray(345, 500)) : ''
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: parseNumber(block.subarray(100, 108), 'mode'),
    size: parseNumber(block.subarray(124, 136), 'size'),
    mtime: parseTime(block.subarray(136, 148)),
    typeflag: String.fromCharCode(block[156] ?? 0),
    linkname: decodeText(block.subarray(157, 257)),
  }
}

/** `ustar` and a NUL. GNU writes `ustar` and two blanks, and keeps times where POSIX has the prefix. */
function isPosix(block: Uint8Array): boolean {
  return (
    block[257] === 0x75 &&
    block[258] === 0x73 &&
    block[259] === 0x74 &&
    block[260] === 0x61 &&
    block[261] === 0x72 &&
    block[262] === 0
  )
}

/**
 * Octal digits, blanks around them and a NUL or blank at the end; undefined if anything else. An empty field
 * is 0.
 */
function parseOctal(bytes: Uint8Array): number | undefined {
  let i = 0
  while (bytes[i] === 0x20) i++
  let value = 0
  for (; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    if (byte === 0 || byte === 0x20) break
    if (byte < 0x30 || byte > 0x37) return undefined
    value = value * 8 + byte - 0x30
  }
  return value
}

const numberFields = [
  ['mode', 100, 8],
  ['owner', 108, 8],
  ['group', 116, 8],
  ['size', 124, 12],
  ['time', 136, 12],
  ['device', 329, 8],
  ['device', 337, 8],
] as const

/** What libarchive takes: nothing, base 256, or octal with blanks before, and blanks and NULs behind it. */
function isNumber(block: Uint8Array, start: number, end: number): boolean {
  const first = block[start]
  if (first === 0 || first === 0x80 || first === 0xff) return true
  let at = start
  while (at < end && block[at] === 0x20) at++
  while (at < end && (block[at] ?? 0) >= 0x30 && (block[at] ?? 0) <= 0x37) at++
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++
  return at === end
}

function impossible(field: string): FormatError {
  return new FormatError('invalid', `The tar archive is damaged: a header has an impossible ${field}.`, field)
}

/** Octal, or with the first bit set a big-endian number of the whole field (the GNU base-256 form). */
function parseNumber(bytes: Uint8Array, field: string): number {
  const value = (bytes[0] ?? 0) & 0x80 ? parseBase256(bytes) : parseOctal(bytes)
  if (value !== undefined && Number.isSafeInteger(value) && value >= 0) return value
  throw impossible(field)
}

/** A time before 1970 becomes 0: no reader here cares, and a number out of range is not worth a refusal. */
function parseTime(bytes: Uint8Array): number {
  const value = (bytes[0] ?? 0) & 0x80 ? parseBase256(bytes) : parseOctal(bytes)
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : 0
}

function parseBase256(bytes: Uint8Array): number | undefined {
  const first = bytes[0] ?? 0
  if (first & 0x40) return undefined
  let value = first & 0x3f
  for (let i = 1; i < bytes.length; i++) value = value * 256 + (bytes[i] ?? 0)
  return value
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Records of a pax header, `LENGTH KEY=VALUE\n` each, LENGTH counting the whole record in bytes (pax(1)). Of
 * a key that stands twice the last one holds. FormatError `invalid` on anything else; keys are UTF-8, values
 * may be any bytes.
 */
export function parsePax(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(0x20, at)
    const digits = blank < 0 || blank - at > 8 ? '' : decodeText(bytes.subarray(at, blank))
    const length = /^[1-9][0-9]*$/.test(digits) ? Number(digits) : 0
    const end = at + length
    const equals = bytes.indexOf(0x3d, blank + 1)
    if (
      length === 0 ||
      end <= blank ||
      end > bytes.length ||
      bytes[end - 1] !== 0x0a ||
      equals <= blank + 1 ||
      equals >= end
    ) {
      throw new FormatError('invalid', 'The tar archive is damaged: a pax header is malformed.')
    }
    const key = decodeStrict(bytes.subarray(blank + 1, equals))
    records.set(key, lossyUtf8.decode(bytes.subarray(equals + 1, end - 1)))
    at = end
  }
  return records
}

function decodeStrict(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw new FormatError('invalid', 'The tar archive is damaged: a key of a pax header is not UTF-8.')
  }
}

/** The decimal size of a pax record. */
export function parsePaxSize(text: string): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value)) return value
  throw new FormatError('invalid', `A pax header has the impossible size ${quote(text)}.`, 'size')
}
