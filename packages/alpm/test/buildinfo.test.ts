import { describe, expect, test } from 'vitest'
import { parseBuildinfo } from '../src/index.ts'
import { refusal } from './support.ts'

const sha256 = 'd9a5feb66b1d523d7c410b6974b6b7c598bac1a33d8c0fa52534a692a1a2d504'

describe('.BUILDINFO', () => {
  test('of makepkg 6 is read', () => {
    const text = `format = 2
pkgname = hello
pkgbase = hello-base
pkgver = 1:2.0-1
pkgarch = x86_64
pkgbuild_sha256sum = ${sha256}
packager = Jane Doe <jane@example.org>
builddate = 1700000000
builddir = /build
startdir = /startdir
buildtool = devtools
buildtoolver = 1:1.2.1-1-any
newkey = one
newkey = two
buildenv = !distcc
buildenv = color
options = strip
installed = bash-5.2-1-x86_64
installed = glibc-2.38-1-x86_64
`
    expect(parseBuildinfo(text)).toEqual({
      format: 2,
      name: 'hello',
      base: 'hello-base',
      version: '1:2.0-1',
      arch: 'x86_64',
      pkgbuildSha256: sha256,
      packager: 'Jane Doe <jane@example.org>',
      buildDate: 1_700_000_000,
      buildDir: '/build',
      startDir: '/startdir',
      buildTool: 'devtools',
      buildToolVersion: '1:1.2.1-1-any',
      buildenv: ['!distcc', 'color'],
      options: ['strip'],
      installed: ['bash-5.2-1-x86_64', 'glibc-2.38-1-x86_64'],
      unknown: [
        { key: 'newkey', value: 'one' },
        { key: 'newkey', value: 'two' },
      ],
    })
  })

  test('of an old makepkg, without names, is read', () => {
    expect(parseBuildinfo('builddir = /build\nbuildenv = color\n')).toEqual({
      format: 0,
      packager: '',
      buildDate: 0,
      buildDir: '/build',
      startDir: '',
      buildTool: '',
      buildToolVersion: '',
      buildenv: ['color'],
      options: [],
      installed: [],
      unknown: [],
    })
  })

  test.each([
    [
      'pkgbuild_sha256sum = abc',
      'invalid: .BUILDINFO: the value of pkgbuild_sha256sum, "abc", is not a SHA-256 sum.',
    ],
    [
      'format = x',
      'invalid: .BUILDINFO: the value of format, "x", is not a whole number that pacman can hold.',
    ],
    ['packager = a\npackager = b', 'duplicate: .BUILDINFO: the field packager stands more than once.'],
  ])('with %j is refused', (text, message) => {
    expect(refusal(() => parseBuildinfo(text))).toBe(message)
  })
})
