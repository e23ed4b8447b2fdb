/** Bytes from `start` up to and with `end`. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * The range that a Range header asks for, of `size` bytes (RFC 9110 §14): undefined for the whole file (no header, another
 * unit, bad syntax, or several ranges, which may be ignored), 'unsatisfiable' for one that begins behind the end.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d*)-(\d*)$/i.exec(header?.trim() ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const [, first, last] = match
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 }
  }
  const start = Number(first)
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < start) return undefined
  return start >= size ? 'unsatisfiable' : { start, end }
}
