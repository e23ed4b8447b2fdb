interface VersionParts {
  readonly epoch: string
  readonly pkgver: string
  readonly pkgrel: string | undefined
}

/**
 * Orders two versions as vercmp(8) does: by epoch (0 if none), then pkgver, then pkgrel where both have one.
 * Any text has an order; nothing is thrown. Tested against the real vercmp of pacman 6.0.2.
 */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0
  const left = versionParts(byteText(a))
  const right = versionParts(byteText(b))
  const byUpstream = compareParts(left.epoch, right.epoch) || compareParts(left.pkgver, right.pkgver)
  if (byUpstream !== 0 || left.pkgrel === undefined || right.pkgrel === undefined) return byUpstream
  return compareParts(left.pkgrel, right.pkgrel)
}

const encoder = new TextEncoder()

/** One character for each byte: vercmp counts separators in bytes. */
function byteText(text: string): string {
  if (!/[\u0080-\uffff]/.test(text)) return text
  return Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join('')
}

/** An epoch is digits before a colon; the release stands behind the last hyphen. */
function versionParts(text: string): VersionParts {
  const epoch = /^[0-9]*:/.exec(text)?.[0]
  const rest = epoch === undefined ? text : text.slice(epoch.length)
  const dash = rest.lastIndexOf('-')
  return {
    epoch: epoch === undefined || epoch === ':' ? '0' : epoch.slice(0, -1),
    pkgver: dash < 0 ? rest : rest.slice(0, dash),
    pkgrel: dash < 0 ? undefined : rest.slice(dash + 1),
  }
}

/**
 * Walks both texts segment by segment. A segment is a run of digits or a run of letters; anything else
 * separates, and there only the number of separators counts.
 */
function compareParts(a: string, b: string): -1 | 0 | 1 {
  if (a === b) return 0
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const startA = skip(a, i, isSeparator)
    const startB = skip(b, j, isSeparator)
    const separators = [startA - i, startB - j] as const
    i = startA
    j = startB
    if (i === a.length || j === b.length) break
    if (separators[0] !== separators[1]) return separators[0] < separators[1] ? -1 : 1
    const numeric = isDigit(a.charCodeAt(i))
    const endA = skip(a, i, numeric ? isDigit : isLetter)
    const endB = skip(b, j, numeric ? isDigit : isLetter)
    if (endB === j) return numeric ? 1 : -1
    const order = compareSegments(a.slice(i, endA), b.slice(j, endB), numeric)
    if (order !== 0) return order
    i = endA
    j = endB
  }
  return compareRests(a, i, b, j)
}

function compareSegments(a: string, b: string, numeric: boolean): -1 | 0 | 1 {
  const left = numeric ? a.replace(/^0+/, '') : a
  const right = numeric ? b.replace(/^0+/, '') : b
  if (numeric && left.length !== right.length) return left.length < right.length ? -1 : 1
  if (left === right) return 0
  return left < right ? -1 : 1
}

/**
 * One side has ended. More letters make a version older (1.0rc < 1.0), anything else makes it newer (1.0 <
 * 1.0.1).
 */
function compareRests(a: string, i: number, b: string, j: number): -1 | 0 | 1 {
  const endedA = i === a.length
  const endedB = j === b.length
  if (endedA && endedB) return 0
  const lettersA = !endedA && isLetter(a.charCodeAt(i))
  const lettersB = !endedB && isLetter(b.charCodeAt(j))
  return (endedA && !lettersB) || lettersA ? -1 : 1
}

function skip(text: string, from: number, matches: (code: number) => boolean): number {
  let at = from
  while (at < text.length && matches(text.charCodeAt(at))) at++
  return at
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
}

function isSeparator(code: number): boolean {
  return !isDigit(code) && !isLetter(code)
}
