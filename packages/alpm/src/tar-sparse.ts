import type { ByteCursor } from './byte-cursor.ts'
import { FormatError, quote } from './format-error.ts'
import { blockSize } from './tar-header.ts'

/*
 * Sparse files of GNU tar ("Storing Sparse Files" in its manual). Nobody here reads them, but where their maps end must
 * be known, and a map that libarchive would not read is no map.
 */

/**
 * Whether a header is that of an old sparse file, with a map in it. libarchive goes by the map, other readers by the
 * type, so FormatError `unsafe` where these disagree.
 */
export function isOldSparse(block: Uint8Array, typeflag: string): boolean {
  const hasMap = isGnu(block) && block[mapAt] !== 0
  if (hasMap === (typeflag === 'S')) return hasMap
  throw new FormatError(
    'unsafe',
    'The tar archive has a sparse file of a form that readers take differently.',
  )
}

/** Where the first piece of a sparse file stands in a header of GNU tar. */
const mapAt = 386

/** `ustar`, two blanks and a NUL. */
function isGnu(block: Uint8Array): boolean {
  return [0x75, 0x73, 0x74, 0x61, 0x72, 0x20, 0x20, 0].every((byte, index) => block[257 + index] === byte)
}

const prefix = 'GNU.sparse.'
const decimal = /^[0-9]{1,18}$/

/**
 * Which form the sparse file has that pax records tell of; undefined if they tell of none. FormatError `invalid` on
 * records that libarchive complains about.
 */
export function paxSparseForm(records: ReadonlyMap<string, string>): 'mapped' | 'listed' | undefined {
  const told = [...records].filter(([key]) => key.startsWith(prefix))
  if (told.length === 0) return undefined
  for (const [key, value] of told) checkRecord(key, value)
  const version = ['major', 'minor'].map((part) => records.get(prefix + part) ?? '').join('.')
  if (version === '.') return 'listed'
  if (version === '1.0') return 'mapped'
  throw new FormatError('invalid', `The tar archive has a sparse file of the unknown form ${quote(version)}.`)
}

function checkRecord(key: string, value: string): void {
  const name = key.slice(prefix.length)
  if (name === 'name') return
  const numbers = name === 'map' ? value.split(',') : [value]
  if (numbers.every((number) => decimal.test(number)) && (name !== 'map' || numbers.length % 2 === 0)) return
  throw new FormatError('invalid', `A pax header has the impossible ${key} ${quote(value)}.`)
}

/** Blocks of a map; one has some 40 pieces in it. */
const maxMapBlocks = 16_384

/**
 * Passes over the map at the start of a body, decimal lines of which the first tells how many pairs follow; answers its
 * bytes. FormatError `invalid`, `truncated` and `too-large`.
 */
export async function passSparseMap(cursor: ByteCursor, size: number): Promise<number> {
  const lines = { wanted: 1, seen: 0, value: 0, digits: 0 }
  for (let passed = blockSize; passed <= size; passed += blockSize) {
    if (passed > maxMapBlocks * blockSize)
      throw new FormatError('too-large', 'The tar archive has a sparse file with too long a map.')
    const block = await cursor.read(blockSize)
    if (block.length < blockSize)
      throw new FormatError(
        'truncated',
        'The tar archive is truncated: it ends within the map of a sparse file.',
      )
    if (block.some((byte) => takeByte(lines, byte))) return passed
  }
  throw invalidMap()
}

/** Whether the map ends with this byte. */
function takeByte(
  lines: { wanted: number; seen: number; value: number; digits: number },
  byte: number,
): boolean {
  if (byte !== 0x0a) {
    lines.digits += 1
    if (byte < 0x30 || byte > 0x39 || lines.digits > 15) throw invalidMap()
    lines.value = lines.value * 10 + byte - 0x30
    return false
  }
  if (lines.digits === 0) throw invalidMap()
  if (lines.seen === 0) lines.wanted = 1 + 2 * lines.value
  lines.seen += 1
  lines.value = 0
  lines.digits = 0
  return lines.seen === lines.wanted
}

function invalidMap(): FormatError {
  return new FormatError('invalid', 'The tar archive has a sparse file with a malformed map.')
}
