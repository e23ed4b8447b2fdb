import { FormatError } from './format-error.ts'

/** What a decoder must be able to do for a block of an xz file. */
export interface XzNeeds {
  /** Bytes. */
  readonly dictionarySize: number
  /** Of the whole stream, by its number: 0 none, 1 CRC32, 4 CRC64, 10 SHA-256. */
  readonly check: number
  /** Ids of the filters before LZMA2, such as 4 for x86 code. */
  readonly filters: readonly number[]
}

export interface XzInspector {
  /** Takes the next bytes, cut anywhere. FormatError as inspectXz. */
  push(chunk: Uint8Array): void
  /** To be called at the end of the input. FormatError `truncated` if a stream is not whole or there was none. */
  end(): void
  /** Of the first block; undefined before its header was pushed. */
  needs(): XzNeeds | undefined
}

/**
 * Finds by headers alone, without decoding, what an xz file needs and where it ends (The .xz File Format 1.2.1; the
 * chunks of LZMA2 as in the XZ Utils): several streams with padding between are fine. Checksums are left to a decoder.
 *
 * FormatError: `invalid` if it is no xz or has an impossible header, `window-too-large` when the dictionary of a block
 * is larger than `maxDictionarySize` bytes or, behind the first block, needs more of a decoder than that one;
 * `trailing-garbage`, `truncated`.
 */
export function inspectXz({ maxDictionarySize }: { readonly maxDictionarySize: number }): XzInspector {
  const found: Found = { isWhole: false }
  const walk = walkStreams(found, maxDictionarySize)
  let left = walk.next().value as number

  function push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        left = walk.next(chunk[at] ?? 0).value as number
        at += 1
      } else {
        const step = Math.min(left, chunk.length - at)
        at += step
        left -= step
        if (left === 0) left = walk.next(0).value as number
      }
    }
  }

  function end(): void {
    if (found.isWhole) return
    throw new FormatError('truncated', 'The xz file is truncated: it ends within a stream.')
  }

  return { push, end, needs: () => found.needs }
}

interface Found {
  needs?: XzNeeds
  /** The file may end here. */
  isWhole: boolean
}

/** Yields 0 to be given the next byte, or how many bytes are to be passed over. */
type Walk<T> = Generator<number, T, number>

const streamMagic = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] as const

function* walkStreams(found: Found, maxDictionarySize: number): Walk<never> {
  for (let first = yield 0, isFirst = true; ; isFirst = false) {
    const check = yield* streamHeader(first, isFirst)
    for (let size = yield 0; size !== 0; size = yield 0) {
      const block = yield* blockHeader(size)
      found.needs = checkBlock({ ...block, check }, found.needs, maxDictionarySize)
      const packed = yield* lzma2Chunks()
      yield* skip(paddingOf(packed) + checkSize(check))
    }
    yield* index()
    yield* skip(12)
    first = yield* streamPadding(found)
  }
}

/** Answers the kind of check. */
function* streamHeader(first: number, isFirst: boolean): Walk<number> {
  for (const [i, expected] of streamMagic.entries()) {
    const byte = i === 0 ? first : yield 0
    if (byte === expected) continue
    throw isFirst
      ? new FormatError('invalid', 'This is not an xz file.')
      : new FormatError('trailing-garbage', 'The xz file goes on behind its last stream with something else.')
  }
  const [reserved, check] = [yield 0, yield 0]
  if (reserved !== 0 || check > 15) throw damaged('a stream has an impossible header')
  yield* skip(4)
  return check
}

/** Zeros behind a stream, four at a time; answers the first byte of the next stream. */
function* streamPadding(found: Found): Walk<number> {
  for (let zeros = 0; ; zeros = (zeros + 1) % 4) {
    found.isWhole = zeros === 0
    const byte = yield 0
    if (byte === 0) continue
    found.isWhole = false
    if (zeros !== 0) throw damaged('the padding between two streams has an odd length')
    return byte
  }
}

/** Reads the header of a block, whose first byte tells its length. */
function* blockHeader(size: number): Walk<Omit<XzNeeds, 'check'>> {
  const header = new Uint8Array(size * 4 - 1)
  for (let i = 0; i < header.length; i++) header[i] = yield 0
  yield* skip(4)
  const read = reader(header)
  const flags = read.byte()
  if ((flags & 0x3c) !== 0) throw damaged('a block has an impossible header')
  if (flags & 0x40) read.number()
  if (flags & 0x80) read.number()
  const filters: number[] = []
  for (let i = flags & 3; i > 0; i--) {
    filters.push(read.number())
    read.pass(read.number())
  }
  const [id, propertiesSize, dictionary] = [read.number(), read.number(), read.byte()]
  if (id !== lzma2 || propertiesSize !== 1 || dictionary > 40) {
    throw damaged('a block is not compressed with LZMA2')
  }
  return { filters, dictionarySize: dictionarySizeOf(dictionary) }
}

const lzma2 = 0x21

function dictionarySizeOf(bits: number): number {
  return bits === 40 ? 2 ** 32 - 1 : (2 | (bits & 1)) * 2 ** ((bits >>> 1) + 11)
}

/** Bytes of a block header, in order. FormatError when they end too early. */
function reader(bytes: Uint8Array): { byte(): number; number(): number; pass(count: number): void } {
  let at = 0
  function byte(): number {
    const value = bytes[at]
    if (value === undefined) throw damaged('a block has an impossible header')
    at += 1
    return value
  }
  function number(): number {
    for (let value = 0, factor = 1; factor < 2 ** 63; factor *= 128) {
      const part = byte()
      value += (part & 0x7f) * factor
      if (part < 0x80) return value
    }
    throw damaged('a header holds an impossible number')
  }
  function pass(count: number): void {
    at += count
  }
  return { byte, number, pass }
}

const mebibyte = 1024 * 1024

function checkBlock(block: XzNeeds, first: XzNeeds | undefined, maxDictionarySize: number): XzNeeds {
  const size = `${Math.ceil(block.dictionarySize / mebibyte)} MiB`
  if (block.dictionarySize > maxDictionarySize) {
    throw new FormatError(
      'window-too-large',
      `The xz file needs a dictionary of ${size}; ${maxDictionarySize / mebibyte} MiB are allowed.`,
      'dictionary',
    )
  }
  if (first === undefined) return block
  const isMore =
    block.dictionarySize > first.dictionarySize ||
    block.check !== first.check ||
    block.filters.join() !== first.filters.join()
  if (!isMore) return first
  throw new FormatError(
    'window-too-large',
    'The xz file holds a block that needs a larger dictionary or other filters or checks than its first one: ' +
      'compress the package in one go.',
    'dictionary',
  )
}

/** Passes over the chunks of a block; answers how many bytes they have. */
function* lzma2Chunks(): Walk<number> {
  let packed = 1
  for (let control = yield 0; control !== 0; control = yield 0) {
    if (control > 2 && control < 0x80) throw damaged('a block holds an impossible chunk')
    const isPacked = control >= 0x80
    const sizes = [yield 0, yield 0, ...(isPacked ? [yield 0, yield 0] : [])]
    const [high = 0, low = 0] = sizes.slice(-2)
    const body = high * 256 + low + 1 + (control >= 0xc0 ? 1 : 0)
    yield* skip(body)
    packed += 1 + sizes.length + body
  }
  return packed
}

/** Passes over the index, whose first byte was read. */
function* index(): Walk<void> {
  let size = 1
  function* number(): Walk<number> {
    for (let value = 0, factor = 1; factor < 2 ** 63; factor *= 128) {
      const part = yield 0
      size += 1
      value += (part & 0x7f) * factor
      if (part < 0x80) return value
    }
    throw damaged('the index holds an impossible number')
  }
  for (let left = yield* number(); left > 0; left--) {
    yield* number()
    yield* number()
  }
  yield* skip(paddingOf(size) + 4)
}

function* skip(count: number): Walk<void> {
  if (count > 0) yield count
}

function paddingOf(size: number): number {
  return (4 - (size % 4)) % 4
}

function checkSize(check: number): number {
  return check === 0 ? 0 : 4 * 2 ** Math.floor((check - 1) / 3)
}

function damaged(what: string): FormatError {
  return new FormatError('invalid', `The xz file is damaged: ${what}.`)
}
