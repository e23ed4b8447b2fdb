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

const typeflags = { file: '0', symlink: '2', directory: '5' } as const
const modes = { file: 0o644, symlink: 0o777, directory: 0o755 } as const
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
    ustarBlock(pax, encoder.encode('PaxHeader'), undefined, 'x'),
    padded(record),
    ustarBlock(header, name.subarray(0, 100)),
  ])
}

/** Header, body and padding of a file. */
export function tarFile(name: string, body: Uint8Array, mtime = 0): Uint8Array {
  return joinBytes([tarHeader({ name, size: body.length, mtime }), padded(body)])
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
  const whole = new Uint8Array(Math.ceil(bytes.length / blockSize) * blockSize)
  whole.set(bytes)
  return whole
}

function ustarBlock(header: TarHeader, name: Uint8Array, prefix?: Uint8Array, typeflag?: string): Uint8Array {
  const type = header.type ?? 'file'
  const block = new Uint8Array(blockSize)
  block.set(name, 0)
  block.set(octal(header.mode ?? modes[type], 8), 100)
  block.set(octal(0, 8), 108)
  block.set(octal(0, 8), 116)
  block.set(octal(header.size ?? 0, 12), 124)
  block.set(octal(header.mtime ?? 0, 12), 136)
  block.fill(0x20, 148, 156)
  block.set(encoder.encode(typeflag ?? typeflags[type]), 156)
  block.set(encoder.encode(header.linkname ?? '').subarray(0, 100), 157)
  block.set(encoder.encode('ustar\0' + '00root'), 257)
  block.set(encoder.encode('root'), 297)
  block.set(octal(0, 8), 329)
  block.set(octal(0, 8), 337)
  if (prefix) block.set(prefix, 345)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.set(encoder.encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
  return block
}

/** A number in `width` bytes: octal digits and a NUL. */
function octal(value: number, width: number): Uint8Array {
  const digits = value.toString(8).padStart(width - 1, '0')
  if (digits.length >= width)
    throw new RangeError(`${value} does not fit into ${width} bytes of a tar header.`)
  return encoder.encode(`${digits}\0`)
}
