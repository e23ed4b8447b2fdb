/** One member of a tar archive; a name that ends in a slash is a folder. */
export interface TarMember {
  readonly name: string
  readonly content?: string | Uint8Array
  /** The target of a symbolic link. */
  readonly link?: string
  /** Permission bits; default: 0755 for folders, else 0644. */
  readonly mode?: number
  /** Seconds since 1970. */
  readonly time?: number
}

/**
 * Formats a ustar archive (POSIX.1-2017, pax: "ustar Interchange Format"), owned by root, with its two closing blocks.
 * It is written apart from the product's own writer on purpose: tests judge that one by this one.
 * Throws for names that ustar cannot hold.
 */
export function formatTar(members: readonly TarMember[]): Buffer {
  const blocks: Buffer[] = []
  for (const member of members) {
    const content = Buffer.from(member.content ?? '')
    blocks.push(formatHeader(member, content.length), content)
    blocks.push(Buffer.alloc((512 - (content.length % 512)) % 512))
  }
  blocks.push(Buffer.alloc(1024))
  return Buffer.concat(blocks)
}

function formatHeader(member: TarMember, size: number): Buffer {
  const isFolder = member.name.endsWith('/')
  const { prefix, name } = splitName(member.name)
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write(octal(member.mode ?? (isFolder ? 0o755 : 0o644), 8), 100)
  header.write(octal(0, 8), 108)
  header.write(octal(0, 8), 116)
  header.write(octal(size, 12), 124)
  header.write(octal(member.time ?? 0, 12), 136)
  header.write(' '.repeat(8), 148)
  header.write(isFolder ? '5' : member.link === undefined ? '0' : '2', 156)
  header.write(member.link ?? '', 157)
  header.write('ustar\x0000', 257)
  header.write('root', 265)
  header.write('root', 297)
  header.write(prefix, 345)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 7)}\0 `, 148)
  return header
}

function splitName(name: string): { prefix: string; name: string } {
  if (Buffer.byteLength(name) <= 100) return { prefix: '', name }
  for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1)) {
    const prefix = name.slice(0, slash)
    const rest = name.slice(slash + 1)
    if (rest !== '' && Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(rest) <= 100) {
      return { prefix, name: rest }
    }
  }
  throw new Error(`The name ${name} is too long for a ustar header.`)
}

function octal(value: number, width: number): string {
  return value.toString(8).padStart(width - 1, '0')
}
