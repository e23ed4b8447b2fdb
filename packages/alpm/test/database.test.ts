import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type DatabaseEntry,
  databaseTar,
  formatDesc,
  formatFiles,
  packageFilename,
  parsePkginfo,
  readDatabase,
  tarEnd,
  tarFile,
  tarHeader,
} from '../src/index.ts'
import { bytes, chunked, refusal, refusalOf, run, temporaryFolder, utf8 } from './support.ts'
import { pkginfos } from './values.ts'

function entryOf(name: string, version = '1.0-1', paths?: readonly string[]): DatabaseEntry {
  const pkginfo = parsePkginfo(
    `pkgname = ${name}\npkgver = ${version}\narch = any\npkgdesc = About ${name}\n`,
  )
  const desc = formatDesc(pkginfo, {
    filename: packageFilename(pkginfo),
    compressedSize: 10,
    sha256: 'ab'.repeat(32),
  })
  const files = paths === undefined ? {} : { files: formatFiles(paths) }
  return { name: pkginfo.name, version: pkginfo.version, desc, ...files }
}

const long = `l${'o'.repeat(160)}ng`
const entries = [
  entryOf('hello', '1:2.0-1.1', ['usr/', 'usr/bin/', 'usr/bin/hello']),
  entryOf('lib32-x', '1~2-3', []),
  entryOf(long, '1-1', ['etc/é']),
]
const tar = bytes(...databaseTar(entries))

describe('a database', () => {
  test('survives writing and reading, however it is cut', async () => {
    expect(await readDatabase(chunked(tar))).toEqual(entries)
    expect(await readDatabase(chunked(tar, [1, 77, 600]))).toEqual(entries)
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(pkginfos, { selector: ({ name }) => name, maxLength: 4 }),
        async (some) => {
          const written = some.map((pkginfo) => ({
            name: pkginfo.name,
            version: pkginfo.version,
            desc: formatDesc(pkginfo, {
              filename: packageFilename(pkginfo),
              compressedSize: 1,
              sha256: '0'.repeat(64),
            }),
          }))
          expect(await readDatabase(chunked(bytes(...databaseTar(written)), [333]))).toEqual(written)
        },
      ),
    )
  })

  test('has a folder, desc and files of each entry, in the order given', () => {
    const listed = run('bsdtar', ['-tf', '-'], { input: tar }).toString().trim().split('\n')
    expect(listed.slice(0, 4)).toEqual([
      'hello-1:2.0-1.1/',
      'hello-1:2.0-1.1/desc',
      'hello-1:2.0-1.1/files',
      'lib32-x-1~2-3/',
    ])
  })

  test('is read by the real pacman', () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'sync'))
    writeFileSync(
      join(folder, 'pacman.conf'),
      '[options]\nArchitecture = x86_64\n[r]\nServer = file:///nowhere\n',
    )
    for (const name of ['r.db', 'r.files']) writeFileSync(join(folder, 'sync', name), tar)
    const pacman = (...args: string[]) =>
      run('pacman', ['--config', 'pacman.conf', '--dbpath', folder, '--root', folder, ...args], {
        cwd: folder,
      }).toString()
    expect(pacman('-Sl')).toBe(`r hello 1:2.0-1.1\nr lib32-x 1~2-3\nr ${long} 1-1\n`)
    expect(pacman('-Sp', '--print-format', '%n %v %s %l', 'hello')).toBe(
      'hello 1:2.0-1.1 10 file:///nowhere/hello-1:2.0-1.1-any.pkg.tar.zst\n',
    )
    expect(pacman('-F', 'usr/bin/hello')).toContain('r/hello 1:2.0-1.1')
    expect(pacman('-Flq', long)).toBe('etc/é\n')
  })

  test('may be empty', async () => {
    expect(await readDatabase(chunked(bytes(...databaseTar([]))))).toEqual([])
  })

  test('may lack folders, be in any order, and hold files of the future', async () => {
    const hello = entryOf('hello')
    const other = entryOf('aaa')
    const mixed = bytes(
      tarFile('hello-1.0-1/extra', utf8('x')),
      tarFile('hello-1.0-1/desc', utf8(hello.desc)),
      tarFile('aaa-1.0-1/desc', utf8(other.desc)),
      tarEnd(),
    )
    expect(await readDatabase(chunked(mixed))).toEqual([hello, other])
  })
})

describe('a database is refused', () => {
  const desc = utf8(entryOf('hello').desc)

  test.each<[string, Uint8Array, string]>([
    [
      'when a folder is not named as its desc says',
      tarFile('hello-1.0-2/desc', desc),
      'invalid: The entry "hello-1.0-2" of the database describes "hello-1.0-1".',
    ],
    [
      'when two versions of a name are in it',
      bytes(
        tarFile('hello-1.0-1/desc', desc),
        tarFile('hello-2.0-1/desc', utf8(entryOf('hello', '2.0-1').desc)),
      ),
      'duplicate: The database has two entries of the package "hello".',
    ],
    [
      'without a desc',
      tarHeader({ name: 'hello-1.0-1/', type: 'directory' }),
      'missing: The entry "hello-1.0-1" of the database has no desc.',
    ],
    [
      'with a desc twice',
      bytes(tarFile('hello-1.0-1/desc', desc), tarFile('hello-1.0-1/desc', desc)),
      'duplicate: The database holds "hello-1.0-1/desc" twice.',
    ],
    [
      'without FILENAME',
      tarFile('hello-1.0-1/desc', utf8(entryOf('hello').desc.replace(/%FILENAME%\n.*\n\n/, ''))),
      'missing: desc: the field FILENAME is missing.',
    ],
    [
      'with a folder of another form',
      tarFile('hello/desc', desc),
      'invalid: The entry "hello" is not of the form NAME-VERSION.',
    ],
    [
      'with a file of its own',
      tarFile('desc', desc),
      'invalid: The database holds "desc", which is no part of an entry.',
    ],
    [
      'with a link',
      tarHeader({ name: 'hello-1.0-1/desc', type: 'symlink', linkname: 'x' }),
      'invalid: The database holds "hello-1.0-1/desc", which is no part of an entry.',
    ],
    [
      'with a desc that is not UTF-8',
      tarFile('hello-1.0-1/desc', Uint8Array.of(0xff)),
      'invalid: "hello-1.0-1/desc" in the database is not UTF-8.',
    ],
    [
      'with a files of another form',
      bytes(tarFile('hello-1.0-1/desc', desc), tarFile('hello-1.0-1/files', utf8('usr/\n'))),
      'invalid: files: "usr/" stands where %FILES% should.',
    ],
  ])('%s', async (_what, parts, message) => {
    expect(await refusalOf(readDatabase(chunked(bytes(parts, tarEnd()))))).toBe(message)
  })

  test('with end-of-archive blocks in its middle, where pacman would silently stop', async () => {
    expect(await refusalOf(readDatabase(chunked(bytes(tar, tar))))).toMatch(/^trailing-garbage: /)
  })

  test('to be written with two entries of a name', () => {
    expect(refusal(() => [...databaseTar([entryOf('hello'), entryOf('hello', '2.0-1')])])).toBe(
      'duplicate: The database has two entries of the package "hello".',
    )
  })
})
