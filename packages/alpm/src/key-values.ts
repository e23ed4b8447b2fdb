import { FormatError, quote } from './format-error.ts'

/** The longest value taken, in characters; the longest real one seen is a few hundred. */
const maxValueLength = 16_384
/** The most lines taken; .BUILDINFO of a large system lists some thousands of installed packages. */
const maxLines = 50_000

export interface KeyValue {
  readonly key: string
  readonly value: string
}

/**
 * Reads lines of `key = value`, as in .PKGINFO, .BUILDINFO and .SRCINFO; blank lines and `#` comments are
 * left out. Runs of whitespace in a value become one blank, as repo-add does. Throws FormatError on a line
 * without a key, on control characters, and past the limits; `source` names the file in messages.
 */
export function parseKeyValues(text: string, source: string): KeyValue[] {
  const lines = text.split('\n')
  if (lines.length > maxLines) {
    throw new FormatError('too-large', `${source} has more than ${maxLines} lines.`)
  }
  const pairs: KeyValue[] = []
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    pairs.push(parseLine(line, `${source}, line ${index + 1}`))
  }
  return pairs
}

function parseLine(line: string, where: string): KeyValue {
  const equals = line.indexOf('=')
  const key = line.slice(0, Math.max(equals, 0)).trim()
  if (key === '')
    throw new FormatError('invalid', `${where}: ${quote(line)} is not of the form "key = value".`)
  if (!/^[!-~]{1,64}$/.test(key))
    throw new FormatError('invalid', `${where}: the key ${quote(key)} is not a plain word.`)
  const value = line
    .slice(equals + 1)
    .trim()
    .replace(/[\t\v\f\r ]+/g, ' ')
  checkValue(value, key, where)
  return { key, value }
}

/**
 * Refuses what could forge a line of a desc file or confuse a terminal. A value that looks like a header of
 * desc (`%NAME%`) is refused too: line-wise readers, such as the sed calls of repo-add, would take it for
 * one.
 */
export function checkValue(value: string, field: string, source: string): void {
  if (value.length > maxValueLength) {
    throw new FormatError(
      'too-large',
      `${source}: the value of ${quote(field)} is longer than ${maxValueLength} characters.`,
      field,
    )
  }
  if (/[\p{Cc}\u2028\u2029]/u.test(value)) {
    throw new FormatError(
      'unsafe',
      `${source}: the value of ${quote(field)} holds a control character: ${quote(value)}.`,
      field,
    )
  }
  if (/^%[A-Z0-9]+%$/.test(value)) {
    throw new FormatError(
      'unsafe',
      `${source}: the value of ${quote(field)}, ${quote(value)}, looks like a field of a database.`,
      field,
    )
  }
}

/** Values by key, with the checks that every reader needs. */
export interface Fields {
  /** The only value of a key, or undefined. FormatError `duplicate` if there are several. */
  find(key: string): string | undefined
  /** As find, but FormatError `missing` if it is absent or empty. */
  get(key: string): string
  /** All values of a key that are not empty, in their order. */
  list(key: string): string[]
  /** The only value as a whole number of at least 0; `fallback` if absent. FormatError `invalid`. */
  integer(key: string, fallback: number): number
}

const maxListLength = 10_000

/** Groups pairs by key; `source` names the file in messages. */
export function groupFields(pairs: Iterable<KeyValue>, source: string): Fields {
  const values = new Map<string, string[]>()
  for (const { key, value } of pairs) {
    const known = values.get(key)
    if (known) known.push(value)
    else values.set(key, [value])
  }
  function find(key: string): string | undefined {
    const [first, second] = values.get(key) ?? []
    if (second === undefined) return first
    throw new FormatError('duplicate', `${source}: the field ${key} stands more than once.`, key)
  }
  return {
    find,
    get: (key) => find(key) || missing(key, source),
    list: (key) => cappedList(values.get(key) ?? [], key, source),
    integer: (key, fallback) => parseInteger(find(key) || undefined, { key, fallback, source }),
  }
}

function missing(key: string, source: string): never {
  throw new FormatError('missing', `${source}: the field ${key} is missing.`, key)
}

function cappedList(values: readonly string[], key: string, source: string): string[] {
  if (values.length > maxListLength) {
    throw new FormatError(
      'too-large',
      `${source}: the field ${key} stands more than ${maxListLength} times.`,
      key,
    )
  }
  return values.filter((value) => value !== '')
}

function parseInteger(
  text: string | undefined,
  { key, fallback, source }: { key: string; fallback: number; source: string },
): number {
  if (text === undefined) return fallback
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value)) return value
  throw new FormatError(
    'invalid',
    `${source}: the value of ${key}, ${quote(text)}, is not a whole number that pacman can hold.`,
    key,
  )
}
