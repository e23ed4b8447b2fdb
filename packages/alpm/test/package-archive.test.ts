import { describe, expect, test } from 'vitest'
import { type PackageLimits, readPackage, tarEnd, tarFile, tarHeader } from '../src/index.ts'
import { bytes, chunked, minimalPkginfo, packageTar, patchHeader, refusalOf, utf8 } from './support.ts'

function read(tar: Uint8Array, limits?: PackageLimits) {
  return readPackage(chunked(tar), limits)
}

const good = packageTar({
  '.BUILDINFO': 'format = 2\npkgname = hello\npkgver = 1.0-1\n',
  '.MTREE': 'binary \0\u0001',
  '.PKGINFO': minimalPkginfo,
  '.INSTALL': 'post_install() { :; }',
  'usr/': '',
  'usr/bin/': '',
  'usr/bin/hello': '#!/bin/sh',
  'usr/bin/hi': '->hello',
  'etc/x': '',
})

describe('a package', () => {
  test('tells what it is and what it installs', async () => {
    const contents = await read(good)
    expect(contents.pkginfo).toMatchObject({ name: 'hello', version: '1.0-1', arch: 'any' })
    expect(contents.buildinfo).toMatchObject({ format: 2, name: 'hello' })
    expect(contents.files).toEqual(['etc/x', 'usr/', 'usr/bin/', 'usr/bin/hello', 'usr/bin/hi'])
    expect(contents.installedFiles).toBe(5)
  })

  test('may have no .BUILDINFO, a root folder, and its .PKGINFO behind other files with a dot', async () => {
    const contents = await read(
      packageTar({ './': '', '.x': '', '.PKGINFO': minimalPkginfo, 'usr/': '', '.y': '' }),
    )
    expect(contents.files).toEqual(['usr/'])
    expect(contents.buildinfo).toBeUndefined()
  })

  test('may hold a directory that is not marked by a slash, and odd names', async () => {
    const tar = bytes(
      tarFile('.PKGINFO', utf8(minimalPkginfo)),
      tarHeader({ name: 'usr', type: 'directory' }),
      tarFile('usr/a\\b "é"', utf8('')),
      tarEnd(),
    )
    expect((await read(tar)).files).toEqual(['usr/', 'usr/a\\b "é"'])
  })
})

describe('a package is refused', () => {
  test.each<[string, Record<string, string>, string]>([
    [
      'without .PKGINFO',
      { '.MTREE': '', 'usr/': '' },
      'missing: The archive is not a package: it has no .PKGINFO.',
    ],
    [
      'with its .PKGINFO below a folder',
      { 'x/.PKGINFO': minimalPkginfo },
      'missing: The archive is not a package: it has no .PKGINFO.',
    ],
    [
      'made from the folder "."',
      { './': '', './.PKGINFO': minimalPkginfo },
      'unsafe: The path "./.PKGINFO" begins with "./", and pacman does not install such a package: ' +
        'make the archive from the names of the files (makepkg does), not from the folder ".".',
    ],
    [
      'with .PKGINFO a link',
      { '.PKGINFO': '->/etc/passwd' },
      'invalid: .PKGINFO of the package is not a regular file.',
    ],
    [
      'with a malformed .PKGINFO',
      { '.PKGINFO': 'x' },
      'invalid: .PKGINFO, line 1: "x" is not of the form "key = value".',
    ],
    [
      'with a .BUILDINFO of another package',
      { '.PKGINFO': minimalPkginfo, '.BUILDINFO': 'pkgname = hello\npkgarch = x86_64\n' },
      'invalid: The arch "x86_64" of .BUILDINFO is not the "any" of .PKGINFO.',
    ],
    [
      'with a second .INSTALL',
      { '.INSTALL': '', './.INSTALL': '', '.PKGINFO': minimalPkginfo },
      'unsafe: The path "./.INSTALL" begins with "./", and pacman does not install such a package: ' +
        'make the archive from the names of the files (makepkg does), not from the folder ".".',
    ],
    [
      'with .CHANGELOG a link',
      { '.PKGINFO': minimalPkginfo, '.CHANGELOG': '->/etc/shadow' },
      'invalid: .CHANGELOG of the package is not a regular file.',
    ],
    [
      'with its .PKGINFO behind files',
      { 'usr/': '', '.PKGINFO': minimalPkginfo },
      'invalid: .PKGINFO stands behind other files of the package, where pacman does not look for it.',
    ],
    [
      'with its .INSTALL behind files',
      { '.PKGINFO': minimalPkginfo, 'usr/': '', '.INSTALL': '' },
      'invalid: .INSTALL stands behind other files of the package, where pacman does not look for it.',
    ],
    [
      'with a malformed .BUILDINFO',
      { '.PKGINFO': minimalPkginfo, '.BUILDINFO': 'x' },
      'invalid: .BUILDINFO, line 1: "x" is not of the form "key = value".',
    ],
  ])('%s', async (_what, entries, message) => {
    expect(await refusalOf(read(packageTar(entries)))).toBe(message)
  })

  test.each([
    '/etc/passwd',
    '../x',
    'a/../b',
    'a/..',
    '..',
    'a/./b',
    'a//b',
    'a\nb',
    'a\u0001b',
    'a\u001b[2Jb',
    'a\tb',
    'a/\n%DEPENDS%\nx',
    '/',
  ])('with the path %j', async (path) => {
    const tar = packageTar({ '.PKGINFO': minimalPkginfo, [path]: '' })
    expect(await refusalOf(read(tar))).toBe(
      `unsafe: The package holds the unsafe path ${JSON.stringify(path)}.`,
    )
  })

  test('with a NUL in a path, which only a pax header can bring', async () => {
    const record = utf8('12 path=a\0b\n')
    const pax = patchHeader(tarHeader({ name: 'x', size: record.length }), (block) => {
      block[156] = 0x78
    })
    const body = new Uint8Array(512)
    body.set(record)
    const tar = bytes(
      tarFile('.PKGINFO', utf8(minimalPkginfo)),
      pax,
      body,
      tarHeader({ name: 'ab' }),
      tarEnd(),
    )
    expect(await refusalOf(read(tar))).toBe('unsafe: The package holds the unsafe path "a\\u0000b".')
  })

  test('with a hard link that climbs', async () => {
    const link = patchHeader(
      tarHeader({ name: 'usr/x', type: 'symlink', linkname: '../../etc/shadow' }),
      (block) => {
        block[156] = 0x31
      },
    )
    expect(await refusalOf(read(bytes(tarFile('.PKGINFO', utf8(minimalPkginfo)), link, tarEnd())))).toBe(
      'unsafe: "usr/x" is a hard link to the unsafe path "../../etc/shadow".',
    )
  })

  test('with two .PKGINFO', async () => {
    const pkginfo = tarFile('.PKGINFO', utf8(minimalPkginfo))
    expect(await refusalOf(read(bytes(pkginfo, pkginfo, tarEnd())))).toBe(
      'duplicate: The package has two .PKGINFO files.',
    )
  })

  test.each([
    ['a path', 'usr/a\u00e9', 'path', 'The path "usr/a\ufffd", or what it links to, is not UTF-8.'],
    ['a field', '', '.PKGINFO', '.PKGINFO of the package is not UTF-8.'],
  ])('with %s that is not UTF-8', async (_what, path, _field, message) => {
    const pkginfo = `${minimalPkginfo}packager = J${path === '' ? '\u00e9' : ''}r\n`
    const tar = Buffer.concat([
      tarFile('.PKGINFO', Buffer.from(pkginfo, 'latin1')),
      ...(path === '' ? [] : [patchHeader(tarHeader({ name: 'usr/a?' }), (block) => block.set([0xe9], 5))]),
      tarEnd(),
    ])
    expect(await refusalOf(read(Uint8Array.from(tar)))).toBe(`invalid: ${message}`)
  })

  test('with a .PKGINFO above 1 MiB', async () => {
    const tar = packageTar({ '.PKGINFO': `${minimalPkginfo}#${'x'.repeat(1 << 20)}` })
    expect(await refusalOf(read(tar))).toBe('too-large: .PKGINFO is larger than 1048576 bytes.')
  })

  test('with too many entries or too long a list', async () => {
    expect(await refusalOf(read(good, { maxEntries: 3 }))).toBe(
      'too-large: The tar archive has more than 3 entries.',
    )
    expect(await refusalOf(read(good, { maxFileListLength: 20 }))).toBe(
      'too-large: The paths of the package are longer than 20 together.',
    )
  })

  test('cut anywhere', async () => {
    for (let end = 0; end < good.length; end += 256) {
      expect(await refusalOf(read(good.subarray(0, end)))).toMatch(/^truncated: /)
    }
  })
})
