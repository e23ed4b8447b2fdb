/** Bytes from `start` up to and with `end`. */
export interface ByteRange {
  start: number
  end: number
}

/** More ranges than this, or ranges that overlap, are no request that a download makes (RFC 9110 §14.2 warns of them). */
const maxRanges = 16

/**
 * The ranges that a Range header asks for, of `size` bytes, in its order (RFC 9110 §14): undefined for the whole file (no
 * header, another unit, bad syntax, too many ranges, ranges that overlap), 'unsatisfiable' when all begin behind the end.
 */
export function parseRanges(
  header: string | undefined,
  size: number,
): ByteRange[] | 'unsatisfiable' | undefined {
  const list = /^bytes=(.*)$/i.exec(header?.trim() ?? '')?.[1]
  const texts = list?.split(',', 2 * maxRanges).map((text) => text.trim())
  const asked = texts?.filter((text) => text !== '').map((text) => parseRange(text, size))
  if (!asked || asked.length === 0 || asked.length > maxRanges || asked.includes('invalid')) return undefined
  const ranges = asked.filter((range) => typeof range === 'object')
  if (ranges.length === 0) return 'unsatisfiable'
  return doOverlap(ranges) ? undefined : ranges
}

function parseRange(text: string, size: number): ByteRange | 'unsatisfiable' | 'invalid' {
  const match = /^(\d*)-(\d*)$/.exec(text)
  if (!match || text === '-') return 'invalid'
  const [, first = '', last = ''] = match
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return 'invalid'
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  return start >= size ? 'unsatisfiable' : { start, end }
}

function doOverlap(ranges: readonly ByteRange[]): boolean {
  const sorted = ranges.toSorted((a, b) => a.start - b.start)
  return sorted.some(({ end }, index) => end >= (sorted[index + 1]?.start ?? Number.POSITIVE_INFINITY))
}
