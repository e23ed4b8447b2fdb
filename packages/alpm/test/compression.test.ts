import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { detectCompression, extensionOf } from '../src/index.ts'
import { minimalPkginfo, packageTar, run, utf8 } from './support.ts'

const tar = packageTar({ '.PKGINFO': minimalPkginfo })

describe('compression is known by the first bytes', () => {
  test('of node:zlib', () => {
    expect(detectCompression(zstdCompressSync(tar))).toBe('zstd')
    expect(detectCompression(gzipSync(tar))).toBe('gzip')
  })

  test.each([
    ['xz', 'xz'],
    ['bzip2', 'bzip2'],
    ['zstd', 'zstd'],
    ['gzip', 'gzip'],
    ['lz4', 'lz4'],
    ['lzip', 'lzip'],
    ['compress', 'compress'],
  ] as const)('of bsdtar --%s', (filter, compression) => {
    const options = { input: tar }
    expect(detectCompression(run('bsdtar', [`--${filter}`, '-cf', '-', '@-'], options))).toBe(compression)
  })

  test('of lzop', () => {
    expect(detectCompression(Uint8Array.of(0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a, 0x10))).toBe(
      'lzop',
    )
  })

  test('of a skippable zstd frame', () => {
    expect(detectCompression(Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0))).toBe('zstd')
  })

  test.each(['ustar', 'pax', 'gnutar', 'v7'])('of a plain %s archive', (format) => {
    const plain = run('bsdtar', [`--format=${format}`, '-cf', '-', '@-'], { input: tar })
    expect(detectCompression(plain)).toBe('tar')
    expect(detectCompression(plain.subarray(0, 512))).toBe('tar')
    expect(detectCompression(plain.subarray(0, 511))).toBeUndefined()
  })

  test('of an empty archive', () => {
    expect(detectCompression(new Uint8Array(1_024))).toBe('tar')
  })

  test.each([[''], ['hello'], ['<!DOCTYPE html>'.repeat(100)], ['BZ'], ['P']])('not of %j', (text) => {
    expect(detectCompression(utf8(text))).toBeUndefined()
  })
})

test('a compression has the ending that makepkg gives it', () => {
  expect(extensionOf('zstd')).toBe('.pkg.tar.zst')
  expect(extensionOf('compress')).toBe('.pkg.tar.Z')
  expect(extensionOf('tar')).toBe('.pkg.tar')
})
