import { joinBytes } from './byte-cursor.ts'
import { blockSize } from './tar-header.ts'

export interface TarHeader {
  /** A directory's name should end in a slash. */
  readonly name: string
  /** Bytes; 0 unless told. */
  readonly size?: number
  /** UTC epoch seconds; 0 unless told, so that equal contents give equal archives. */
  readonly mtime?: number
  /** `file` unless told. */
  readonly type?: 'file' | 'directory' | 'symlink'
  /** Permissions; 0644, or 0755 for a directory, or 0777 for a link, unless told. */
  readonly mode?: number
  /** The target of a symlink, at most 100 bytes. */
  readonly linkname?: string
}

const typeflags = { file: 0x30, symlink: 0x32, directory: 0x35 } as const
const modes = { file: 0o644, symlink: 0o777, directory: 0o755 } as const
const paxTypeflag = 0x78
const encoder = new TextEncoder()

/**
 * A ustar header of 512 bytes, owned by root; three times as much where the name fits neither the 100 bytes
 * of its field nor a split into prefix and name, and a pax header goes before. Throws RangeError on a size
 * above 8 GiB.
 */
export function tarHeader(header: TarHeader): Uint8Array {
  const name = encoder.encode(header.name)
  if (name.length <= 100) return ustarBlock(header, name)
  const cut = splitAt(name)
  if (cut !== undefined) return ustarBlock(header, name.subarray(cut + 1), name.subarray(0, cut))
  const record = paxRecord('path', name)
  const pax: TarHeader = { name: '', size: record.length, mode: 0o644, mtime: header.mtime ?? 0 }
  return joinBytes([
    ustarBlock(pax, encoder.encode('PaxHeader'), undefined, paxTypeflag),
    padded(record),
    ustarBlock(header, name.subarray(0, 100)),
  ])
}

/** Header, body and padding of a file. */
export function tarFile(name: string, body: Uint8Array, mtime = 0): Uint8Array {
  const header = tarHeader({ name, size: body.length, mtime })
  const whole = new Uint8Array(header.length + roundUp(body.length))
  whole.set(header)
  whole.set(body, header.length)
  return whole
}

/** The two blocks of zeros that end an archive. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * blockSize)
}

/** A slash with at most 155 bytes before and 1 to 100 behind it. */
function splitAt(name: Uint8Array): number | undefined {
  const cut = name.indexOf(0x2f, Math.max(1, name.length - 101))
  return cut > 0 && cut <= 155 && cut < name.length - 1 ? cut : undefined
}

/** `LENGTH KEY=VALUE\n`, LENGTH counting its own digits. */
function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = joinBytes([encoder.encode(` ${key}=`), value, encoder.encode('\n')])
  let digits = 1
  while (String(rest.length + digits).length > digits) digits++
  return joinBytes([encoder.encode(String(rest.length + digits)), rest])
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(roundUp(bytes.length))
  whole.set(bytes)
  return whole
}

function roundUp(length: number): number {
  return Math.ceil(length / blockSize) * blockSize
}

/** What all headers share, to be copied: thousands are written at a time. */
const template = makeTemplate()

function makeTemplate(): Uint8Array {
  const block = new Uint8Array(blockSize)
  for (const [at, width] of [
    [108, 8],
    [116, 8],
    [329, 8],
    [337, 8],
  ] as const)
    writeOctal(block, at, width, 0)
  block.set(encoder.encode('ustar\0' + '00root'), 257)
  block.set(encoder.encode('root'), 297)
  return block
}

function ustarBlock(header: TarHeader, name: Uint8Array, prefix?: Uint8Array, typeflag?: number): Uint8Array {
  const type = header.type ?? 'file'
  const block = template.slice()
  block.set(name, 0)
  writeOctal(block, 100, 8, header.mode ?? modes[type])
  writeOctal(block, 124, 12, header.size ?? 0)
  writeOctal(block, 136, 12, header.mtime ?? 0)
  block[156] = typeflag ?? typeflags[type]
  if (header.linkname) block.set(encoder.encode(header.linkname).subarray(0, 100), 157)
  if (prefix) block.set(prefix, 345)
  writeChecksum(block)
  return block
}

/** The sum of all bytes, its own field counted as blanks: six digits, a NUL, a blank. */
function writeChecksum(block: Uint8Array): void {
  let sum = 8 * 0x20
  for (let at = 0; at < blockSize; at++) sum += block[at] ?? 0
  writeOctal(block, 148, 7, sum)
  block[155] = 0x20
}

/** Writes a number as octal digits that fill the field, and a NUL. Throws RangeError when it doesn't fit. */
function writeOctal(block: Uint8Array, start: number, width: number, value: number): void {
  let rest = value
  for (let at = start + width - 2; at >= start; at--) {
    block[at] = 0x30 + (rest % 8)
    rest = Math.floor(rest / 8)
  }
  block[start + width - 1] = 0
  if (rest > 0) throw new RangeError(`${value} does not fit into ${width} bytes of a tar header.`)
}
