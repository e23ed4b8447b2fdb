import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatMtree, parseMtree, tarEnd, tarFile, tarHeader } from '../src/index.ts'
import { bytes, patchHeader, refusal, run, temporaryFolder, utf8 } from './support.ts'

const md5 = '9dd4e461268c8034f5c8564e155c67a6'
const sha256 = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'
const plain = { uid: 0, gid: 0, mtime: 5, nanoseconds: 0, size: 0, linkname: '' }

/** What makepkg asks bsdtar for; makepkg 7 leaves out md5. */
const options = '!all,use-set,type,uid,gid,mode,time,size,md5,sha256,link'

/** The .MTREE that the real bsdtar makes of an archive. */
function mtreeOf(tar: Uint8Array): string {
  const path = join(temporaryFolder(), 'archive.tar')
  writeFileSync(path, tar)
  return run('bsdtar', ['-cf', '-', '--format=mtree', `--options=${options}`, `@${path}`]).toString()
}

function special(name: string, typeflag: string): Uint8Array {
  return patchHeader(tarHeader({ name, mtime: 5 }), (block) => block.set(utf8(typeflag), 156))
}

describe('.MTREE, as the real bsdtar writes it for makepkg,', () => {
  const tar = bytes(
    tarHeader({ name: './usr/', type: 'directory', mtime: 5 }),
    tarFile('./usr/a b\\ü=#\u0001', utf8('x'), 5),
    tarHeader({ name: './usr/link', type: 'symlink', linkname: 'a target\\ü', mtime: 5 }),
    special('./usr/loop', '4'),
    special('./usr/null', '3'),
    special('./usr/pipe', '6'),
    patchHeader(tarHeader({ name: './usr/setuid', mode: 0o4755, mtime: 5 }), (block) =>
      block.set(utf8('0001750'), 108),
    ),
    tarEnd(),
  )

  test('is read', () => {
    const text = mtreeOf(tar)
    expect(text).toContain('/set type=file uid=0 gid=0 mode=')
    expect(parseMtree(text)).toEqual([
      { path: 'usr', type: 'directory', mode: 0o755, ...plain },
      { path: 'usr/a b\\ü=#\u0001', type: 'file', mode: 0o644, ...plain, size: 1, md5, sha256 },
      { path: 'usr/link', type: 'symlink', mode: 0o777, ...plain, linkname: 'a target\\ü' },
      { path: 'usr/loop', type: 'block-device', mode: 0o644, ...plain },
      { path: 'usr/null', type: 'character-device', mode: 0o644, ...plain },
      { path: 'usr/pipe', type: 'fifo', mode: 0o644, ...plain },
      {
        path: 'usr/setuid',
        type: 'file',
        mode: 0o4755,
        ...plain,
        uid: 1000,
        md5: 'd41d8cd98f00b204e9800998ecf8427e',
        sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      },
    ])
  })

  test('tells the same when it is written again', () => {
    const text = mtreeOf(tar)
    const folder = temporaryFolder()
    const list = (name: string, content: string) => {
      writeFileSync(join(folder, name), content)
      return run('bsdtar', ['-tvf', join(folder, name)]).toString()
    }
    expect(list('ours.mtree', formatMtree(parseMtree(text)))).toBe(list('theirs.mtree', text))
  })
})

describe('.MTREE', () => {
  test('of makepkg 4, with times in two parts, later defaults, and keywords of other programs', () => {
    const text = `#mtree
/set type=file uid=0 gid=100 mode=644
./.PKGINFO time=1388976824.59003144 size=1 sha256=${sha256} md5=${md5} optional nlink=1
/set mode=755
# a comment

  ./usr\ttime=-2.500000000  type=dir
/unset gid mode
./old time=1388976824
/unset all
./none type=fifo
`
    expect(parseMtree(text)).toEqual([
      {
        ...plain,
        path: '.PKGINFO',
        type: 'file',
        mode: 0o644,
        gid: 100,
        mtime: 1388976824,
        nanoseconds: 59003144,
        size: 1,
        md5,
        sha256,
      },
      { ...plain, path: 'usr', type: 'directory', mode: 0o755, gid: 100, mtime: -2, nanoseconds: 500000000 },
      { ...plain, path: 'old', type: 'file', mode: 0, mtime: 1388976824 },
      { ...plain, path: 'none', type: 'fifo', mode: 0, mtime: 0 },
    ])
  })

  test('with names that are not UTF-8', () => {
    expect(parseMtree('./bad\\377')).toMatchObject([{ path: 'bad\ufffd' }])
  })

  test.each([
    ['usr type=dir', 'invalid: .MTREE, line 1: "usr" does not begin with "./".'],
    ['./..', 'unsafe: .MTREE, line 1: the path ".." is unsafe.'],
    ['./\\056\\056/etc', 'unsafe: .MTREE, line 1: the path "../etc" is unsafe.'],
    ['.//etc', 'unsafe: .MTREE, line 1: the path "/etc" is unsafe.'],
    ['./', 'unsafe: .MTREE, line 1: the path "" is unsafe.'],
    ['./a\\012b', 'unsafe: .MTREE, line 1: the path "a\\nb" is unsafe.'],
    ['./a\\000b', 'unsafe: .MTREE, line 1: the path "a\\u0000b" is unsafe.'],
    ['./a\u0007', 'unsafe: .MTREE, line 1 holds a control character: "./a\\u0007".'],
    ['./a\\s', 'invalid: .MTREE, line 1: "a\\\\s" holds a backslash that escapes nothing.'],
    ['./a\\777', 'invalid: .MTREE, line 1: "a\\\\777" holds a backslash that escapes nothing.'],
    ['./a \\\n  mode=1', 'invalid: .MTREE, line 2: "mode=1" does not begin with "./".'],
    ['#mtree\n./a\n./\\141', 'duplicate: .MTREE, line 3: "a" stands more than once.'],
    ['./a type=dirt', 'invalid: .MTREE, line 1: the value of type, "dirt", is not allowed.'],
    ['./a mode=888', 'invalid: .MTREE, line 1: the value of mode, "888", is not allowed.'],
    ['./a size=-1', 'invalid: .MTREE, line 1: the value of size, "-1", is not allowed.'],
    [
      './a size=99999999999999999999',
      'invalid: .MTREE, line 1: the value of size, "99999999999999999999", is not allowed.',
    ],
    ['./a time=soon', 'invalid: .MTREE, line 1: the value of time, "soon", is not allowed.'],
    ['./a link=a\\012b', 'invalid: .MTREE, line 1: the value of link, "a\\nb", is not allowed.'],
    ['./a sha256digest=0', 'invalid: .MTREE, line 1: the value of sha256digest, "0", is not allowed.'],
    ['./a =1', 'invalid: .MTREE, line 1: "=1" is not of the form key=value.'],
    [
      `./${'a'.repeat(4097)}`,
      `too-large: .MTREE, line 1: "${'a'.repeat(100)}"… (4097 characters) is longer than 4096 characters.`,
    ],
    [`./${'a'.repeat(100_000)}`, 'too-large: .MTREE, line 1 is longer than 100000 characters.'],
  ])('with %j is refused', (text, message) => {
    expect(refusal(() => parseMtree(text))).toBe(message)
  })

  test('with more entries than any package has is refused', () => {
    const text = Array.from({ length: 500_001 }, (_, index) => `./${index}\n`).join('')
    expect(refusal(() => parseMtree(text))).toBe('too-large: .MTREE has more than 500000 entries.')
  })
})
