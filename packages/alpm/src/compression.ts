import type { PackageExtension } from './names.ts'
import { blockSize, hasValidChecksum, isZero } from './tar-header.ts'

/** How an archive is compressed; `tar` is not at all. */
export type Compression = 'zstd' | 'xz' | 'gzip' | 'bzip2' | 'lz4' | 'lzip' | 'lzop' | 'compress' | 'tar'

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['gzip', [0x1f, 0x8b]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
  ['lzip', [0x4c, 0x5a, 0x49, 0x50]],
  ['lzop', [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['compress', [0x1f, 0x9d]],
]

/**
 * Tells from the first bytes of a file how it is compressed; 512 are enough (plain tar is known by the
 * checksum of its first header, and an archive without any entry by a block of zeros). A skippable frame
 * counts as zstd, where lz4 could have one too. Undefined if it is none of them.
 */
export function detectCompression(firstBytes: Uint8Array): Compression | undefined {
  for (const [compression, magic] of magics) {
    if (magic.every((byte, i) => firstBytes[i] === byte)) return compression
  }
  const [first, ...rest] = firstBytes.subarray(0, 4)
  if (first !== undefined && first >>> 4 === 5 && rest.join() === '42,77,24') return 'zstd'
  if (firstBytes.length < blockSize) return undefined
  const block = firstBytes.subarray(0, blockSize)
  return isZero(block) || hasValidChecksum(block) ? 'tar' : undefined
}

const extensions = {
  zstd: '.pkg.tar.zst',
  xz: '.pkg.tar.xz',
  gzip: '.pkg.tar.gz',
  bzip2: '.pkg.tar.bz2',
  lz4: '.pkg.tar.lz4',
  lzip: '.pkg.tar.lz',
  lzop: '.pkg.tar.lzo',
  compress: '.pkg.tar.Z',
  tar: '.pkg.tar',
} as const satisfies Record<Compression, PackageExtension>

/** The ending that makepkg gives a package so compressed. */
export function extensionOf(compression: Compression): PackageExtension {
  return extensions[compression]
}
