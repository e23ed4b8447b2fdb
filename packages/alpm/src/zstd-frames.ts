import { joinBytes } from './byte-cursor.ts'
import { FormatError } from './format-error.ts'

export interface ZstdPiece {
  /** Counts frames that hold data, from 0; skippable frames are left out. */
  readonly frameIndex: number
  /** Compressed bytes of that frame, in their order: a view of the chunk that was pushed, or a small copy. */
  readonly bytes: Uint8Array
  /** The frame is whole with this piece. */
  readonly endsFrame: boolean
  /** Bytes of its past that the decoder of the frame keeps. */
  readonly windowSize: number
}

export interface ZstdFrameInspector {
  /**
   * Takes the next bytes, cut anywhere; answers what of them goes to a decoder. FormatError as zstdPieces.
   */
  push(chunk: Uint8Array): ZstdPiece[]
  /**
   * To be called at the end of the input. FormatError `truncated` if a frame is not whole or there was none.
   */
  end(): void
}

export interface ZstdLimits {
  /** Bytes; 128 MiB unless told. */
  readonly maxWindowSize?: number
  /** Frames that hold data; 65,536 unless told. */
  readonly maxFrames?: number
}

const frameMagic = 0xfd2fb528
const skippableMagic = 0x184d2a50
const maxBlockSize = 128 * 1024
const mebibyte = 1024 * 1024

/** Cuts a stream of zstd frames at the borders of frames; see inspectZstdFrames. */
export async function* zstdPieces(
  chunks: AsyncIterable<Uint8Array>,
  limits: ZstdLimits = {},
): AsyncGenerator<ZstdPiece, void, void> {
  const inspector = inspectZstdFrames(limits)
  for await (const chunk of chunks) yield* inspector.push(chunk)
  inspector.end()
}

/**
 * Finds where zstd frames end, by their headers and those of their blocks (RFC 8878), without decoding. One
 * decoder per frame is the way to use it: Node's decoder stops silently after the first of several frames,
 * and takes garbage behind the last.
 *
 * FormatError: `invalid` if it is no zstd or has a reserved or damaged header, `window-too-large` above the
 * limit, known before any byte of the frame is handed out, `trailing-garbage` behind the last frame,
 * `truncated`.
 */
export function inspectZstdFrames(limits: ZstdLimits = {}): ZstdFrameInspector {
  const caps = {
    maxWindowSize: limits.maxWindowSize ?? 128 * mebibyte,
    maxFrames: limits.maxFrames ?? 65_536,
  }
  const walk: Walk = {
    phase: 'header',
    header: new Uint8Array(0),
    frameIndex: -1,
    windowSize: 0,
    hasChecksum: false,
    isLastBlock: false,
    blockHeaderBytes: 0,
    blockHeader: 0,
    left: 0,
    sawFrame: false,
  }

  function push(chunk: Uint8Array): ZstdPiece[] {
    const pieces: ZstdPiece[] = []
    for (let at = 0; at < chunk.length; ) {
      const from = at
      const phase = walk.phase
      if (phase === 'header') at = readHeader(walk, chunk, at, caps)
      else if (phase === 'frame') at = passBlocks(walk, chunk, at)
      else at = passSkippable(walk, chunk, at)
      const isHeader = phase === 'header' && walk.phase === 'frame'
      if (phase !== 'frame' && !isHeader) continue
      const bytes = isHeader ? walk.header : chunk.subarray(from, at)
      const { frameIndex, windowSize } = walk
      pieces.push({ frameIndex, bytes, endsFrame: walk.phase === 'header', windowSize })
    }
    return pieces
  }

  function end(): void {
    const { phase, header, sawFrame } = walk
    if (phase === 'header' && header.length === 0 && sawFrame) return
    if (phase === 'header' && !canBeMagic(header)) throw notAFrame(sawFrame)
    throw new FormatError('truncated', 'The zstd file is truncated: it ends within a frame.')
  }

  return { push, end }
}

/** Where the walk stands between two chunks. */
interface Walk {
  phase: 'header' | 'frame' | 'skippable'
  /** The bytes of a frame's header so far. */
  header: Uint8Array
  frameIndex: number
  windowSize: number
  hasChecksum: boolean
  isLastBlock: boolean
  /** How many of the three bytes of a block's header were read, and their value. */
  blockHeaderBytes: number
  blockHeader: number
  /** Bytes left of a block and a checksum behind it, or of a skippable frame. */
  left: number
  sawFrame: boolean
}

/**
 * Collects a frame's header byte by byte from `at`, and changes the phase when it is whole; answers where it
 * stopped.
 */
function readHeader(walk: Walk, chunk: Uint8Array, at: number, caps: Required<ZstdLimits>): number {
  const wanted = headerLength(walk.header, walk.sawFrame)
  const taken = chunk.subarray(at, at + wanted - walk.header.length)
  walk.header = joinBytes([walk.header, taken])
  const next = at + taken.length
  if (walk.header.length < headerLength(walk.header, walk.sawFrame)) return next
  if (isSkippable(walk.header)) {
    walk.phase = 'skippable'
    walk.left = uint(walk.header, 4, 4)
    if (walk.left === 0) endFrame(walk)
    return next
  }
  Object.assign(walk, checkFrameHeader(walk.header, caps.maxWindowSize))
  walk.frameIndex++
  if (walk.frameIndex >= caps.maxFrames) {
    throw new FormatError('too-large', `The zstd file has more than ${caps.maxFrames} frames.`)
  }
  walk.phase = 'frame'
  walk.isLastBlock = false
  return next
}

/** Passes over blocks from `at` to the end of the frame or of the chunk; answers where it stopped. */
function passBlocks(walk: Walk, chunk: Uint8Array, start: number): number {
  let at = start
  while (at < chunk.length) {
    if (walk.left > 0) {
      const step = Math.min(walk.left, chunk.length - at)
      walk.left -= step
      at += step
    } else {
      walk.blockHeader += (chunk[at] ?? 0) * 256 ** walk.blockHeaderBytes
      walk.blockHeaderBytes++
      at++
      if (walk.blockHeaderBytes < 3) continue
      startBlock(walk)
    }
    if (walk.left === 0 && walk.isLastBlock) {
      endFrame(walk)
      break
    }
  }
  return at
}

/** Reads a block's header: one bit says whether it is the last, two its type, the rest its size. */
function startBlock(walk: Walk): void {
  const { blockHeader } = walk
  const type = (blockHeader >>> 1) & 3
  const size = blockHeader >>> 3
  if (type === 3 || size > maxBlockSize) {
    throw new FormatError('invalid', 'The zstd file is damaged: a block has an impossible header.')
  }
  walk.isLastBlock = (blockHeader & 1) === 1
  walk.left = (type === 1 ? 1 : size) + (walk.isLastBlock && walk.hasChecksum ? 4 : 0)
  walk.blockHeader = 0
  walk.blockHeaderBytes = 0
}

function passSkippable(walk: Walk, chunk: Uint8Array, at: number): number {
  const step = Math.min(walk.left, chunk.length - at)
  walk.left -= step
  if (walk.left === 0) endFrame(walk)
  return at + step
}

function endFrame(walk: Walk): void {
  walk.phase = 'header'
  walk.header = new Uint8Array(0)
  walk.sawFrame = true
}

const dictionaryLengths = [0, 1, 2, 4] as const
const contentSizeLengths = [0, 2, 4, 8] as const

/**
 * How long the header is that begins so; as far as `bytes` tells, at least one more than there are until it
 * is whole.
 */
function headerLength(bytes: Uint8Array, sawFrame: boolean): number {
  if (bytes.length < 4) return 4
  if (isSkippable(bytes)) return 8
  if (uint(bytes, 0, 4) !== frameMagic) throw notAFrame(sawFrame)
  if (bytes.length < 5) return 5
  const { windowLength, dictionaryLength, contentSizeLength } = parseDescriptor(bytes[4] ?? 0)
  return 5 + windowLength + dictionaryLength + contentSizeLength
}

function parseDescriptor(descriptor: number) {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const contentSizeFlag = descriptor >>> 6
  return {
    windowLength: isSingleSegment ? 0 : 1,
    dictionaryLength: dictionaryLengths[(descriptor & 3) as 0 | 1 | 2 | 3],
    contentSizeLength:
      contentSizeFlag === 0 && isSingleSegment ? 1 : contentSizeLengths[contentSizeFlag as 0 | 1 | 2 | 3],
    isReserved: (descriptor & 0x08) !== 0,
    hasChecksum: (descriptor & 0x04) !== 0,
  }
}

/** A whole frame header → the window of the frame, and whether a checksum ends it. */
function checkFrameHeader(
  header: Uint8Array,
  maxWindowSize: number,
): Pick<Walk, 'windowSize' | 'hasChecksum'> {
  const parts = parseDescriptor(header[4] ?? 0)
  const dictionaryAt = 5 + parts.windowLength
  const contentSizeAt = dictionaryAt + parts.dictionaryLength
  if (parts.isReserved) {
    throw new FormatError('invalid', 'The zstd file is damaged: a frame sets a reserved bit.')
  }
  if (uint(header, dictionaryAt, parts.dictionaryLength) !== 0) {
    throw new FormatError('invalid', 'The zstd file needs a dictionary, which pacman does not have.')
  }
  const windowSize =
    parts.windowLength === 1
      ? windowSizeOf(header[5] ?? 0)
      : uint(header, contentSizeAt, parts.contentSizeLength) + (parts.contentSizeLength === 2 ? 256 : 0)
  if (windowSize > maxWindowSize) throw windowTooLarge(windowSize, maxWindowSize)
  return { windowSize, hasChecksum: parts.hasChecksum }
}

/** RFC 8878, 3.1.1.1.2: five bits of exponent, three of mantissa. */
function windowSizeOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3))
  return base + (base / 8) * (descriptor & 7)
}

/** Little-endian; above 2^53 only about right, which is enough to compare with a limit. */
function uint(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let i = length - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0)
  return value
}

function isSkippable(bytes: Uint8Array): boolean {
  return uint(bytes, 0, 4) >>> 4 === skippableMagic >>> 4
}

/** Whether these first bytes, maybe too few, can begin a frame of either kind. */
function canBeMagic(bytes: Uint8Array): boolean {
  if (bytes.length >= 4) return true
  const rest = Array.from(bytes)
  const begins = (magic: readonly number[]) => rest.every((byte, i) => byte === magic[i])
  return (
    begins([0x28, 0xb5, 0x2f, 0xfd]) ||
    (begins([rest[0] ?? 0, 0x2a, 0x4d, 0x18]) && isSkippableStart(rest[0]))
  )
}

function isSkippableStart(byte: number | undefined): boolean {
  return byte === undefined || byte >>> 4 === 5
}

function notAFrame(sawFrame: boolean): FormatError {
  return sawFrame
    ? new FormatError('trailing-garbage', 'The zstd file goes on behind its last frame with something else.')
    : new FormatError('invalid', 'This is not a zstd file.')
}

function windowTooLarge(windowSize: number, maxWindowSize: number): FormatError {
  const size = `${Math.ceil(windowSize / mebibyte)} MiB`
  return new FormatError(
    'window-too-large',
    `The zstd file needs a window of ${size}; ${maxWindowSize / mebibyte} MiB are allowed, and pacman reads no more than ` +
      '128 MiB (--long=27).',
    'window',
  )
}
