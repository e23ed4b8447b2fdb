import { createHash } from 'node:crypto'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatDesc,
  formatFiles,
  formatPkginfo,
  type Pkginfo,
  packageFilename,
  parseDesc,
  parsePackageFilename,
  parsePkginfo,
  readPackage,
} from '../src/index.ts'
import { chunked, minimalPkginfo, packageTar, refusal, run, temporaryFolder } from './support.ts'
import { pkginfos } from './values.ts'

const filename = parsePackageFilename('hello-1.0-1-any.pkg.tar.zst').filename
const sha256 = 'ab'.repeat(32)
const file = { filename, compressedSize: 99, sha256 }

const payload = {
  '.MTREE': 'x',
  'usr/': '',
  'usr/bin/': '',
  'usr/bin/hello': '#!/bin/sh\n',
  'usr/share/hello-é.txt': 'é',
  'usr/bin/hi': '->hello',
  'usr/bin-x': '',
  'etc/.hidden': '',
}

/** What the real repo-add makes of a package: its desc without MD5SUM, and its files. */
function repoAdd(pkginfo: Pkginfo, tar: Uint8Array, signature?: Uint8Array) {
  const folder = temporaryFolder()
  const name = packageFilename(pkginfo, '.pkg.tar')
  writeFileSync(join(folder, name), tar)
  if (signature) writeFileSync(join(folder, `${name}.sig`), signature)
  run('repo-add', ['-q', 'r.db.tar.gz', name], { cwd: folder })
  copyFileSync(join(folder, 'r.files.tar.gz'), join(folder, 'r.tar.gz'))
  const member = (suffix: string) =>
    run('bsdtar', ['-xOf', 'r.tar.gz', `*/${suffix}`], { cwd: folder }).toString()
  return { desc: member('desc').replace(/%MD5SUM%\n.*\n\n/, ''), files: member('files') }
}

function describeAs(pkginfo: Pkginfo, tar: Uint8Array, signature?: Uint8Array): string {
  return formatDesc(pkginfo, {
    filename: packageFilename(pkginfo, '.pkg.tar'),
    compressedSize: tar.length,
    sha256: createHash('sha256').update(tar).digest('hex'),
    ...(signature ? { pgpsig: Buffer.from(signature).toString('base64') } : {}),
  })
}

const full = parsePkginfo(`${minimalPkginfo}pkgbase = base
pkgdesc = Says  hello — 你好 = "friendly" $(id) \`x\` \\ *
url = https://example.org/?a=b&c=%20
builddate = 1700000000
packager = Jane Doe <jane@example.org>
size = 12345
license = MIT
license = custom
group = g1
group = g2
replaces = hi
conflict = hi<2
provides = hi=2.0
backup = etc/x
depend = glibc>=2.38
depend = sh
optdepend = cowsay: for a cow
makedepend = git
checkdepend = bats
`)

describe('desc', () => {
  test('is what the real repo-add writes, byte for byte', async () => {
    const tar = packageTar({ '.PKGINFO': formatPkginfo(full), ...payload })
    const written = repoAdd(full, tar)
    expect(describeAs(full, tar)).toBe(written.desc)
    const { files, pkginfo } = await readPackage(chunked(tar))
    expect(formatFiles(files)).toBe(written.files)
    expect(pkginfo).toEqual(full)
  })

  test('of a package that says hardly anything is what the real repo-add writes', () => {
    const bare = parsePkginfo(`${minimalPkginfo}pkgbase = hello\nsize = 0\nbuilddate = 0\n`)
    const tar = packageTar({ '.PKGINFO': formatPkginfo(bare) })
    const written = repoAdd(bare, tar)
    expect(describeAs(bare, tar)).toBe(written.desc)
    expect(formatFiles([])).toBe(written.files)
  })

  test('with a signature is what the real repo-add writes', () => {
    const tar = packageTar({ '.PKGINFO': formatPkginfo(full), ...payload })
    const signature = Uint8Array.from({ length: 200 }, (_, i) => (i * 7) % 256)
    expect(describeAs(full, tar, signature)).toBe(repoAdd(full, tar, signature).desc)
  })

  test('survives writing and reading', () => {
    fc.assert(
      fc.property(pkginfos, fc.boolean(), ({ backup: _, xdata: __, unknown: ___, ...pkginfo }, signed) => {
        const written = { ...file, ...(signed ? { md5: 'ab'.repeat(16), pgpsig: 'iQ+/==' } : {}) }
        expect(parseDesc(formatDesc(pkginfo, written))).toEqual({ pkginfo, file: written })
      }),
    )
  })

  const small = `%FILENAME%\n${filename}\n\n%NAME%\nhello\n\n%VERSION%\n1.0-1\n\n%SHA256SUM%\n${sha256}\n\n`

  test('may lack most fields, hold unknown ones and miss its last line', () => {
    const { pkginfo, file } = parseDesc(`${small}%FUTURE%\na\nb\n\n%DESC%\nx`)
    expect(pkginfo).toMatchObject({ base: 'hello', arch: 'any', description: 'x' })
    expect(file).toEqual({ filename, compressedSize: 0, sha256 })
  })

  test.each([
    ['', 'missing: desc: the field FILENAME is missing.'],
    [small.replace(/%VERSION%\n.*\n\n/, ''), 'missing: desc: the field VERSION is missing.'],
    [small.replace(/%SHA256SUM%\n.*\n\n/, ''), 'missing: desc: the field SHA256SUM is missing.'],
    [small.replace(sha256, 'abc'), 'invalid: desc: the value of SHA256SUM, "abc", is not a checksum.'],
    [`${small}%NAME%\nb\n\n`, 'duplicate: desc: the field NAME stands more than once.'],
    [`${small}%DESC%\na\nb\n\n`, 'duplicate: desc: the field DESC stands more than once.'],
    [`${small}hello\n`, 'invalid: desc: "hello" stands where a field such as %NAME% should.'],
    [
      `${small}%CSIZE%\n-1\n`,
      'invalid: desc: the value of CSIZE, "-1", is not a whole number that pacman can hold.',
    ],
    [`${small}%PGPSIG%\n<x>\n`, 'invalid: desc: the value of PGPSIG, "<x>", is not base64.'],
    [
      `${small}%DESC%\n%NAME%\n`,
      'unsafe: desc: the value of "DESC", "%NAME%", looks like a field of a database.',
    ],
  ])('%j is refused', (text, message) => {
    expect(refusal(() => parseDesc(text))).toBe(message)
  })

  test.each(['.hello-1.0-1-any.pkg.tar.zst', 'x/hello-1.0-1-any.pkg.tar.zst', 'hello.txt'])(
    'with the file name %s is refused',
    (name) => {
      expect(refusal(() => parseDesc(small.replace(filename, name)))).toMatch(/^invalid: /)
    },
  )
})
