import { FormatError, quote } from './format-error.ts'
import { isSafePath } from './safe-path.ts'
import type { TarEntryType } from './tar-reader.ts'

/** One path of a package, as its .MTREE describes it (mtree(5)). Numbers that are not told are 0. */
export interface MtreeEntry {
  /** Relative, without `./` before and a slash behind. Bytes that are not UTF-8: U+FFFD. */
  readonly path: string
  /** A hard link is a file here: makepkg tells its size and digests. */
  readonly type: Exclude<TarEntryType, 'hardlink'>
  /** Permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** UTC epoch seconds, rounded down; negative before 1970. */
  readonly mtime: number
  /** Of the modification time, behind its second: bsdtar writes them without leading zeros. */
  readonly nanoseconds: number
  /** Bytes. */
  readonly size: number
  /** Target of a symlink, as stored; else ''. */
  readonly linkname: string
  /** Lower-case hex. makepkg 7 writes none. */
  readonly md5?: string
  /** Lower-case hex. */
  readonly sha256?: string
}

const source = '.MTREE'
/** Characters of a path or a link target, as in a tar archive. */
const maxPathLength = 4096
/** What a path and a link target may need when each of their bytes is escaped, and the rest. */
const maxLineLength = 100_000
const maxEntries = 500_000

type Keywords = ReadonlyMap<string, string>

/**
 * Decompressed text of a .MTREE → its entries in their order. Of mtree(5) it takes what makepkg lets bsdtar write: full
 * paths that begin with `./`, each once, `/set` and `/unset`. Unknown keywords are ignored. Throws FormatError, which
 * tells the line.
 */
export function parseMtree(text: string): MtreeEntry[] {
  const entries: MtreeEntry[] = []
  const paths = new Set<string>()
  let defaults: Keywords = new Map()
  for (const { line, where } of readLines(text)) {
    const [first = '', ...words] = line.split(/[\t ]+/)
    if (first === '/set') {
      defaults = new Map([...defaults, ...parseKeywords(words, where)])
    } else if (first === '/unset') {
      defaults = unset(defaults, words)
    } else {
      if (entries.length === maxEntries)
        throw new FormatError('too-large', `${source} has more than ${maxEntries} entries.`)
      const entry = parseEntry(first, new Map([...defaults, ...parseKeywords(words, where)]), where)
      if (paths.has(entry.path))
        throw new FormatError('duplicate', `${where}: ${quote(entry.path)} stands more than once.`, 'path')
      paths.add(entry.path)
      entries.push(entry)
    }
  }
  return entries
}

/** Entries → text of a .MTREE; the inverse of parseMtree. */
export function formatMtree(entries: readonly MtreeEntry[]): string {
  return ['#mtree', ...entries.map(formatEntry), ''].join('\n')
}

/** Lines with something on them, one at a time: a hostile text may have millions. */
function* readLines(text: string): Generator<{ line: string; where: string }> {
  let count = 0
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    count += 1
    const where = `${source}, line ${count}`
    if (end - start > maxLineLength)
      throw new FormatError('too-large', `${where} is longer than ${maxLineLength} characters.`)
    const line = text.slice(start, end).trim()
    start = end + 1
    if (line === '' || line.startsWith('#')) continue
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line))
      throw new FormatError('unsafe', `${where} holds a control character: ${quote(line)}.`)
    yield { line, where }
  }
}

function parseKeywords(words: readonly string[], where: string): Keywords {
  return new Map(
    words.map((word) => {
      const equals = word.indexOf('=')
      // A keyword without a value is a flag, such as `optional`.
      if (equals < 0) return [word, ''] as const
      if (equals === 0)
        throw new FormatError('invalid', `${where}: ${quote(word)} is not of the form key=value.`)
      return [word.slice(0, equals), word.slice(equals + 1)] as const
    }),
  )
}

function unset(defaults: Keywords, words: readonly string[]): Keywords {
  if (words.includes('all')) return new Map()
  return new Map([...defaults].filter(([key]) => !words.includes(key)))
}

function parseEntry(word: string, keywords: Keywords, where: string): MtreeEntry {
  if (!word.startsWith('./'))
    throw new FormatError('invalid', `${where}: ${quote(word)} does not begin with "./".`, 'path')
  const path = unescapePath(word.slice(2), where)
  if (!isSafePath(path))
    throw new FormatError('unsafe', `${where}: the path ${quote(path)} is unsafe.`, 'path')
  const md5 = parseDigest(keywords, ['md5digest', 'md5'], 32, where)
  const sha256 = parseDigest(keywords, ['sha256digest', 'sha256'], 64, where)
  return {
    path,
    type: parseType(keywords.get('type') ?? 'file', where),
    mode: parseNumber(keywords, 'mode', 8, where),
    uid: parseNumber(keywords, 'uid', 10, where),
    gid: parseNumber(keywords, 'gid', 10, where),
    ...parseTime(keywords.get('time') ?? '0.0', where),
    size: parseNumber(keywords, 'size', 10, where),
    linkname: parseLink(keywords.get('link') ?? '', where),
    ...(md5 === undefined ? {} : { md5 }),
    ...(sha256 === undefined ? {} : { sha256 }),
  }
}

const types: Readonly<Record<MtreeEntry['type'], string>> = {
  file: 'file',
  directory: 'dir',
  symlink: 'link',
  'character-device': 'char',
  'block-device': 'block',
  fifo: 'fifo',
}

const typeOfWord = new Map(
  Object.entries(types).map(([type, word]) => [word, type as MtreeEntry['type']] as const),
)

function parseType(word: string, where: string): MtreeEntry['type'] {
  return typeOfWord.get(word) ?? refuse('type', word, where)
}

function parseNumber(keywords: Keywords, key: string, radix: 8 | 10, where: string): number {
  const text = keywords.get(key) ?? '0'
  const value = (radix === 8 ? /^[0-7]+$/ : /^[0-9]+$/).test(text) ? Number.parseInt(text, radix) : Number.NaN
  return Number.isSafeInteger(value) ? value : refuse(key, text, where)
}

function parseTime(text: string, where: string): Pick<MtreeEntry, 'mtime' | 'nanoseconds'> {
  const [, seconds, nanoseconds = '0'] = /^(-?[0-9]+)(?:\.([0-9]{1,9}))?$/.exec(text) ?? []
  // The sum makes zero of minus zero.
  const mtime = Number(seconds ?? Number.NaN) + 0
  return Number.isSafeInteger(mtime)
    ? { mtime, nanoseconds: Number(nanoseconds) }
    : refuse('time', text, where)
}

function parseLink(text: string, where: string): string {
  const target = unescapePath(text, where)
  return /[\0\n]/.test(target) ? refuse('link', target, where) : target
}

function parseDigest(
  keywords: Keywords,
  names: readonly [string, string],
  length: number,
  where: string,
): string | undefined {
  const text = keywords.get(names[0]) ?? keywords.get(names[1])
  if (text === undefined || (text.length === length && /^[0-9a-f]+$/.test(text))) return text
  return refuse(names[0], text, where)
}

function refuse(key: string, value: string, where: string): never {
  throw new FormatError('invalid', `${where}: the value of ${key}, ${quote(value)}, is not allowed.`, key)
}

const encoder = new TextEncoder()
const lossyUtf8 = new TextDecoder('utf-8', { ignoreBOM: true })

function unescapePath(text: string, where: string): string {
  const path = unescapeText(text, where)
  if (path.length <= maxPathLength) return path
  throw new FormatError('too-large', `${where}: ${quote(path)} is longer than ${maxPathLength} characters.`)
}

/** `\040` and the like → the byte. No other escape is taken: programs differ on them. */
function unescapeText(text: string, where: string): string {
  if (!text.includes('\\')) return text
  const pieces = text.split(/(\\[0-3][0-7]{2})/)
  const bytes = pieces.flatMap((piece, index) => {
    if (index % 2 === 1) return [Number.parseInt(piece.slice(1), 8)]
    if (piece.includes('\\'))
      throw new FormatError('invalid', `${where}: ${quote(text)} holds a backslash that escapes nothing.`)
    return [...encoder.encode(piece)]
  })
  return lossyUtf8.decode(Uint8Array.from(bytes))
}

/** All but letters, digits and what stands in most paths becomes `\ooo`, byte by byte, as bsdtar does. */
function escapeText(text: string): string {
  return Array.from(encoder.encode(text), (byte) => {
    const character = String.fromCharCode(byte)
    if (/[A-Za-z0-9/._+@:,~-]/.test(character)) return character
    return `\\${byte.toString(8).padStart(3, '0')}`
  }).join('')
}

function formatEntry(entry: MtreeEntry): string {
  return [
    `./${escapeText(entry.path)}`,
    `type=${types[entry.type]}`,
    `uid=${entry.uid}`,
    `gid=${entry.gid}`,
    `mode=${entry.mode.toString(8)}`,
    `time=${entry.mtime}.${entry.nanoseconds}`,
    `size=${entry.size}`,
    ...(entry.md5 === undefined ? [] : [`md5digest=${entry.md5}`]),
    ...(entry.sha256 === undefined ? [] : [`sha256digest=${entry.sha256}`]),
    ...(entry.linkname === '' ? [] : [`link=${escapeText(entry.linkname)}`]),
  ].join(' ')
}
