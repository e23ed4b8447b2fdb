import { type ByteCursor, byteCursor } from './byte-cursor.ts'
import { FormatError, quote } from './format-error.ts'
import {
  blockSize,
  decodeText,
  isZero,
  parseHeader,
  parsePax,
  parsePaxSize,
  type RawHeader,
} from './tar-header.ts'
import { isOldSparse, passSparseMap, paxSparseForm } from './tar-sparse.ts'

export type TarEntryType =
  | 'file'
  | 'hardlink'
  | 'symlink'
  | 'character-device'
  | 'block-device'
  | 'directory'
  | 'fifo'

export interface TarEntry {
  /**
   * As stored: hostile, nothing is checked but its length. Directories may end in a slash. Not UTF-8: U+FFFD.
   */
  readonly name: string
  readonly type: TarEntryType
  /** Bytes of the body. */
  readonly size: number
  /** Target of a link, as stored; else ''. */
  readonly linkname: string
  /** UTC epoch seconds. */
  readonly mtime: number
  readonly mode: number
  /** The body is a map of data and holes in GNU's form, not the bytes of the file. */
  readonly sparse: boolean
  /** The bytes, to be read once, before the next entry is asked for; what is left over is skipped. */
  readonly body: AsyncIterable<Uint8Array>
}

export interface TarLimits {
  /** 2,000,000 unless told. */
  readonly maxEntries?: number
  /** Characters of a name or link target; 4096 (PATH_MAX) unless told. */
  readonly maxNameLength?: number
  /** Bytes of one pax header; 1 MiB unless told. */
  readonly maxPaxSize?: number
  /** Bytes of one body; no limit unless told. */
  readonly maxFileSize?: number
}

interface Limits {
  readonly maxEntries: number
  readonly maxNameLength: number
  readonly maxPaxSize: number
  readonly maxFileSize: number
}

/**
 * Walks a tar archive of v7, ustar, GNU or pax make. Bodies that are not asked for cost next to nothing.
 *
 * Stricter than bsdtar and pacman, which take an archive that stops between two entries: without both
 * end-of-archive blocks it counts as truncated, and behind them only zeros may follow. Bodies on hard links, global
 * pax headers that rename things, and names given twice are refused, because readers differ on them.
 * Throws FormatError.
 */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array>,
  limits: TarLimits = {},
): AsyncGenerator<TarEntry, void, void> {
  const caps = {
    maxEntries: limits.maxEntries ?? 2_000_000,
    maxNameLength: limits.maxNameLength ?? 4096,
    maxPaxSize: limits.maxPaxSize ?? 1 << 20,
    maxFileSize: limits.maxFileSize ?? Number.MAX_SAFE_INTEGER,
  }
  const cursor = byteCursor(chunks)
  try {
    for (let count = 0; ; count++) {
      const head = await nextHead(cursor, caps)
      if (head === undefined) break
      if (count === caps.maxEntries) {
        throw new FormatError('too-large', `The tar archive has more than ${caps.maxEntries} entries.`)
      }
      const body = bodyOf(cursor, head.size)
      yield { ...head, body: body.bytes }
      await body.finish()
    }
    await checkTail(cursor)
  } finally {
    await cursor.close()
  }
}

/**
 * The whole body of a small entry. FormatError `too-large` above `maxSize` bytes, `invalid` for a sparse one.
 */
export async function readTarBody(entry: TarEntry, maxSize: number): Promise<Uint8Array> {
  if (entry.size > maxSize) {
    throw new FormatError('too-large', `${quote(entry.name)} is larger than ${maxSize} bytes.`, entry.name)
  }
  if (entry.sparse) {
    throw new FormatError('invalid', `${quote(entry.name)} is stored as a sparse file.`, entry.name)
  }
  const whole = new Uint8Array(entry.size)
  let length = 0
  for await (const piece of entry.body) {
    whole.set(piece, length)
    length += piece.length
  }
  return whole.subarray(0, length)
}

type Head = Omit<TarEntry, 'body'>

/** What the headers before an entry say about it. */
interface Extensions {
  readonly longName?: string
  readonly longLink?: string
  readonly pax?: ReadonlyMap<string, string>
  /** How many pax headers for all entries stand before it. */
  readonly globals?: number
}

/** The next entry's head, its extension headers applied; undefined at the end of the archive. */
async function nextHead(cursor: ByteCursor, limits: Limits): Promise<Head | undefined> {
  let extensions: Extensions = {}
  for (;;) {
    const block = cursor.take(blockSize) ?? (await cursor.read(blockSize))
    if (block.length < blockSize) throw truncated()
    if (block[0] === 0 && isZero(block)) {
      if (Object.keys(extensions).length > 0) throw truncated()
      return undefined
    }
    const header = parseHeader(block)
    if (!'LKxXg'.includes(header.typeflag)) return readHead(cursor, { block, header, extensions }, limits)
    extensions = joinExtensions(extensions, await readExtension(cursor, header, limits))
  }
}

/** How many headers for all entries may stand before one; tools write one at the start, if any. */
const maxGlobals = 16

function joinExtensions(before: Extensions, next: Extensions): Extensions {
  for (const key of ['longName', 'longLink', 'pax'] as const) {
    if (before[key] !== undefined && next[key] !== undefined) throw namedTwice()
  }
  const globals = (before.globals ?? 0) + (next.globals ?? 0)
  if (globals <= maxGlobals) return { ...before, ...next, globals }
  throw new FormatError(
    'too-large',
    `The tar archive has more than ${maxGlobals} pax headers for all its entries in a row.`,
  )
}

function namedTwice(): FormatError {
  return new FormatError(
    'unsafe',
    'The tar archive has two extension headers for one entry that say the same thing, which readers take differently.',
  )
}

async function readExtension(cursor: ByteCursor, header: RawHeader, limits: Limits): Promise<Extensions> {
  const isName = header.typeflag === 'L' || header.typeflag === 'K'
  const maxSize = isName ? limits.maxNameLength + 1 : limits.maxPaxSize
  if (header.size > maxSize) {
    throw new FormatError(
      'too-large',
      `The tar archive has ${isName ? 'a name' : 'a pax header'} of ${header.size} bytes; ${maxSize} are allowed.`,
    )
  }
  const body = await cursor.read(header.size)
  const padding = paddingOf(header.size)
  if (body.length < header.size || (await cursor.skip(padding)) < padding) throw truncated()
  if (header.typeflag === 'L') return { longName: decodeText(body) }
  if (header.typeflag === 'K') return { longLink: decodeText(body) }
  const pax = parsePax(body)
  if (header.typeflag !== 'g') return { pax }
  for (const key of pax.keys()) {
    if (/^(path|linkpath|size|GNU\.sparse\..*)$/.test(key)) {
      throw new FormatError(
        'unsafe',
        `The tar archive sets ${key} for all its entries, which readers take differently.`,
      )
    }
  }
  return { globals: 1 }
}

interface RawEntry {
  readonly block: Uint8Array
  readonly header: RawHeader
  readonly extensions: Extensions
}

/** The head of an entry; the map that a sparse file has behind it is passed over. */
async function readHead(
  cursor: ByteCursor,
  { block, header, extensions }: RawEntry,
  limits: Limits,
): Promise<Head> {
  const isOld = isOldSparse(block, header.typeflag)
  const form = paxSparseForm(extensions.pax ?? new Map())
  const head = { ...makeHead(header, extensions, limits), sparse: isOld || form !== undefined }
  if (form === 'mapped') return { ...head, size: head.size - (await passSparseMap(cursor, head.size)) }
  // The block's memory is the source's: it is looked at before the next bytes are asked for.
  let hasMore = isOld && block[482] !== 0
  for (let count = 0; hasMore; count++) {
    if (count === maxSparseBlocks) {
      throw new FormatError('too-large', `${quote(head.name)} is a sparse file with too long a map.`)
    }
    const map = await cursor.read(blockSize)
    if (map.length < blockSize) throw truncated()
    hasMore = map[504] !== 0
  }
  return head
}

/** Blocks of 21 pieces each, of a map of one old GNU sparse file. */
const maxSparseBlocks = 16_384

const types: Readonly<Record<string, TarEntryType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
}

function makeHead(
  header: RawHeader,
  { longName, longLink, pax }: Extensions,
  limits: Limits,
): Omit<Head, 'sparse'> {
  if (longName !== undefined && pax?.has('path')) throw namedTwice()
  if (longLink !== undefined && pax?.has('linkpath')) throw namedTwice()
  const name = checkName(pax?.get('GNU.sparse.name') ?? pax?.get('path') ?? longName ?? header.name, limits)
  const declared = types[header.typeflag]
  if (declared === undefined) {
    throw new FormatError(
      'invalid',
      `${quote(name)} is a tar entry of type ${quote(header.typeflag)}, which no package holds.`,
    )
  }
  const type = declared === 'file' && name.endsWith('/') ? 'directory' : declared
  const paxSize = pax?.get('size')
  const size = paxSize === undefined ? header.size : parsePaxSize(paxSize)
  const linkname = pax?.get('linkpath') ?? longLink ?? header.linkname
  return {
    name,
    type,
    size: bodySize(size, { name, type, declared }, limits),
    linkname: linkname === '' ? '' : checkName(linkname, limits),
    mtime: header.mtime,
    mode: header.mode,
  }
}

/**
 * Only files have a body. What directories and the like give as a size means nothing (libarchive ignores it
 * too).
 */
function bodySize(
  size: number,
  { name, type, declared }: { name: string; type: TarEntryType; declared: TarEntryType },
  { maxFileSize }: Limits,
): number {
  if (size > maxFileSize) {
    throw new FormatError(
      'too-large',
      `${quote(name)} claims to have ${size} bytes; ${maxFileSize} are allowed.`,
      name,
    )
  }
  if (type === 'file') return size
  if (size > 0 && (declared === 'hardlink' || declared === 'file')) {
    throw new FormatError(
      'unsafe',
      `${quote(name)} is a ${type} with a body, which readers take differently.`,
    )
  }
  return 0
}

function checkName(name: string, { maxNameLength }: Limits): string {
  if (name === '') throw new FormatError('invalid', 'The tar archive has an entry without a name.')
  if (name.length <= maxNameLength) return name
  throw new FormatError('too-large', `The name ${quote(name)} is longer than ${maxNameLength} characters.`)
}

/** The bytes of one entry: handed out while it is current, and passed over, padding included, by `finish`. */
function bodyOf(
  cursor: ByteCursor,
  size: number,
): { bytes: AsyncIterable<Uint8Array>; finish(): Promise<void> } {
  let left = size
  async function* read(): AsyncGenerator<Uint8Array, void, void> {
    while (left > 0) {
      const piece = await cursor.some(left)
      if (piece === undefined) throw truncated()
      left -= piece.length
      yield piece
    }
  }
  async function finish(): Promise<void> {
    const rest = left + paddingOf(size)
    left = 0
    if (rest > 0 && (await cursor.skip(rest)) < rest) throw truncated()
  }
  return { bytes: { [Symbol.asyncIterator]: read }, finish }
}

/** The first end-of-archive block was read. A second must follow, then nothing but zeros. */
async function checkTail(cursor: ByteCursor): Promise<void> {
  const second = await cursor.read(blockSize)
  if (second.length < blockSize) throw truncated()
  for (
    let piece: Uint8Array | undefined = second;
    piece;
    piece = await cursor.some(Number.MAX_SAFE_INTEGER)
  ) {
    if (!isZero(piece)) {
      throw new FormatError('trailing-garbage', 'The tar archive goes on behind its end.')
    }
  }
}

function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize
}

function truncated(): FormatError {
  return new FormatError(
    'truncated',
    'The tar archive is truncated: it ends before its end-of-archive blocks.',
  )
}
