import { linkSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readTar, readTarBody, type TarLimits, tarEnd, tarFile, tarHeader } from '../src/index.ts'
import { bytes, chunked, collect, patchHeader, refusalOf, run, temporaryFolder, utf8 } from './support.ts'

interface Listed {
  readonly name: string
  readonly type: string
  readonly size: number
  readonly linkname: string
  readonly text: string
}

async function list(tar: Uint8Array, sizes?: readonly number[], limits?: TarLimits): Promise<Listed[]> {
  const listed: Listed[] = []
  for await (const entry of readTar(chunked(tar, sizes), limits)) {
    const { name, type, size, linkname } = entry
    const text = new TextDecoder().decode(await readTarBody(entry, 1 << 20))
    listed.push({ name, type, size, linkname, text })
  }
  return listed
}

async function names(tar: Uint8Array): Promise<string[]> {
  return (await list(tar)).map(({ name }) => name)
}

const long = `${'directory-of-a-long-name/'.repeat(8)}file`
const veryLong = `${'x'.repeat(180)}/${'y'.repeat(180)}`

/** A folder with everything that a package may hold. */
function sampleFolder(): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'directory-of-a-long-name/'.repeat(8)), { recursive: true })
  mkdirSync(join(folder, 'x'.repeat(180)))
  writeFileSync(join(folder, long), 'deep')
  writeFileSync(join(folder, veryLong), 'deeper')
  writeFileSync(join(folder, 'é'), 'unicode')
  writeFileSync(join(folder, 'a\\b c'), '')
  writeFileSync(join(folder, 'block'), 'b'.repeat(512))
  writeFileSync(join(folder, 'large'), 'l'.repeat(100_000))
  symlinkSync(`/${'target/'.repeat(30)}`, join(folder, 'symlink'))
  linkSync(join(folder, 'block'), join(folder, 'hardlink'))
  return folder
}

describe('the tar reader', () => {
  test.each([
    ['bsdtar', '--format=ustar'],
    ['bsdtar', '--format=pax'],
    ['bsdtar', '--format=gnutar'],
    ['bsdtar', '--no-read-sparse'],
    ['tar', '--format=gnu', '--no-unquote'],
    ['tar', '--format=posix', '--no-unquote'],
  ])('reads what %s %s writes, as bsdtar lists it', async (program, option, ...more) => {
    const folder = sampleFolder()
    const members = [long, 'é', 'a\\b c', 'block', 'large', 'hardlink']
    if (option !== '--format=ustar') members.push(veryLong, 'symlink')
    const tar = Uint8Array.from(
      run(program, [option, ...more, '-cf', '-', 'directory-of-a-long-name', ...members], { cwd: folder }),
    )
    const listing = run('bsdtar', ['-tf', '-'], { input: tar }).toString().trim().split('\n')
    const entries = await list(tar)
    expect(entries.map(({ name }) => name.replace('\\', '\\\\'))).toEqual(listing)
    const byName = new Map(entries.map((entry) => [entry.name, entry]))
    expect(byName.get('large')).toMatchObject({ type: 'file', size: 100_000, text: 'l'.repeat(100_000) })
    expect(byName.get('hardlink')).toMatchObject({ type: 'hardlink', size: 0, linkname: 'block' })
    expect(byName.get('directory-of-a-long-name/')).toMatchObject({ type: 'directory', size: 0 })
    expect(byName.get('é')?.text).toBe('unicode')
    if (option === '--format=ustar') return
    expect(byName.get('symlink')).toMatchObject({ type: 'symlink', linkname: `/${'target/'.repeat(30)}` })
    expect(byName.get(veryLong)?.text).toBe('deeper')
  })

  test('reads v7', async () => {
    const folder = sampleFolder()
    const tar = run('tar', ['--format=v7', '-cf', '-', 'block', 'hardlink', 'large'], { cwd: folder })
    expect(await list(Uint8Array.from(tar))).toMatchObject([
      { name: 'block', type: 'file', size: 512 },
      { name: 'hardlink', type: 'hardlink', size: 0, linkname: 'block' },
      { name: 'large', type: 'file', size: 100_000 },
    ])
  })

  test.each([
    ['GNU', '--format=gnu'],
    ['pax 0.0', '--format=posix', '--sparse-version=0.0'],
    ['pax 0.1', '--format=posix', '--sparse-version=0.1'],
    ['pax 1.0', '--format=posix', '--sparse-version=1.0'],
  ])('passes over sparse files of %s make, as bsdtar lists them', async (_what, ...options) => {
    const folder = sampleFolder()
    const sparse = openSync(join(folder, 'sparse'), 'w')
    for (let i = 0; i < 60; i++) writeSync(sparse, 'x'.repeat(512), i * 100_000)
    const tar = run('tar', ['--sparse', ...options, '-cf', '-', 'large', 'sparse', 'block', 'hardlink'], {
      cwd: folder,
    })
    expect(tar.length).toBeLessThan(500_000)
    const listing = run('bsdtar', ['-tf', '-'], { input: tar }).toString().trim().split('\n')
    const entries = await collect(readTar(chunked(Uint8Array.from(tar), [1000])))
    expect(entries.map(({ name }) => name)).toEqual(listing)
    expect(entries.map(({ name, type, sparse }) => `${name} ${type}${sparse ? ', sparse' : ''}`)).toEqual([
      'large file',
      'sparse file, sparse',
      'block file',
      'hardlink hardlink',
    ])
  })

  test('tells devices and pipes', async () => {
    const tar = bytes(
      ...['3', '4', '6'].map((type) =>
        patchHeader(tarHeader({ name: type }), (block) => block.set(utf8(type), 156)),
      ),
      tarEnd(),
    )
    expect((await list(tar)).map(({ type }) => type)).toEqual(['character-device', 'block-device', 'fifo'])
  })

  test('reads sizes in base 256 and checksums of signed bytes', async () => {
    const header = patchHeader(tarHeader({ name: 'é' }), (block) => {
      block.set([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], 124)
    })
    const signed = header.reduce((sum, byte, i) => {
      if (i >= 148 && i < 156) return sum + 0x20
      return sum + (byte > 127 ? byte - 256 : byte)
    }, 0)
    header.set(utf8(`${signed.toString(8).padStart(6, '0')}\0 `), 148)
    const body = new Uint8Array(512)
    body.set(utf8('hi'))
    expect(await list(bytes(header, body, tarEnd()))).toMatchObject([{ name: 'é', size: 2, text: 'hi' }])
  })

  test('skips what nobody reads, and gives a body once', async () => {
    const tar = bytes(tarFile('a', utf8('x'.repeat(2_000))), tarFile('b', utf8('y')), tarEnd())
    const texts: number[] = []
    for await (const { name, body } of readTar(chunked(tar, [100]))) {
      if (name === 'a') {
        for await (const piece of body) {
          texts.push(piece.length)
          break
        }
      } else {
        texts.push((await collect(body)).length, (await collect(body)).length)
      }
    }
    expect(texts).toEqual([100 - (512 % 100), 1, 0])
  })

  test('closes its source when its reader stops early', async () => {
    let closed = false
    async function* source() {
      try {
        yield bytes(tarFile('a', utf8('x')), tarFile('b', utf8('y')))
        yield tarEnd()
      } finally {
        closed = true
      }
    }
    for await (const _ of readTar(source())) break
    expect(closed).toBe(true)
  })
})

describe('the tar reader refuses', () => {
  const good = bytes(tarHeader({ name: 'd/', type: 'directory' }), tarFile('a', utf8('hello')), tarEnd())

  test('an archive cut anywhere', async () => {
    for (let end = 0; end < good.length; end += 64) {
      expect(await refusalOf(list(good.subarray(0, end)))).toBe(
        'truncated: The tar archive is truncated: it ends before its end-of-archive blocks.',
      )
    }
    expect(await names(good)).toEqual(['d/', 'a'])
  })

  test('anything but zeros behind the end', async () => {
    expect(await names(bytes(good, new Uint8Array(10_000)))).toEqual(['d/', 'a'])
    for (const tail of [bytes(new Uint8Array(5_000), utf8('x')), utf8('x'), good]) {
      expect(await refusalOf(list(bytes(good, tail)))).toBe(
        'trailing-garbage: The tar archive goes on behind its end.',
      )
    }
    const oneBlock = bytes(good.subarray(0, -512), tarFile('b', utf8('')), tarEnd())
    expect(await refusalOf(list(oneBlock))).toMatch(/^trailing-garbage: /)
  })

  const header = tarHeader({ name: 'a' })
  const pax = (record: string) =>
    bytes(
      patchHeader(tarHeader({ name: 'x', size: record.length }), (block) => {
        block[156] = 'x'.charCodeAt(0)
      }),
      utf8(record.padEnd(512, '\0')),
      header,
    )
  const mapped = (size: number) =>
    bytes(
      pax('22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n').subarray(0, 1_024),
      tarHeader({ name: 'a', size }),
    )
  const typed = (type: string, size = 0, name = 'a') =>
    patchHeader(tarHeader({ name, size }), (block) => {
      block[156] = type.charCodeAt(0)
    })

  test.each<[string, Uint8Array, string]>([
    [
      'a wrong checksum',
      header.map((byte, i) => (i === 0 ? byte + 1 : byte)),
      'invalid: The tar archive is damaged: a header has a wrong checksum.',
    ],
    [
      'text',
      utf8('hello '.repeat(200)),
      'invalid: The tar archive is damaged: a header has a wrong checksum.',
    ],
    [
      'a negative size',
      patchHeader(header, (block) => block.fill(0xff, 124, 136)),
      'invalid: The tar archive is damaged: a header has an impossible size.',
    ],
    [
      'a size beyond numbers',
      patchHeader(header, (block) => {
        block[124] = 0xbf
      }),
      'invalid: The tar archive is damaged: a header has an impossible size.',
    ],
    [
      'a size that is no number',
      patchHeader(header, (block) => block.set(utf8('0000000x000'), 124)),
      'invalid: The tar archive is damaged: a header has an impossible size.',
    ],
    ['no name', tarHeader({ name: '' }), 'invalid: The tar archive has an entry without a name.'],
    [
      'a hard link with a body',
      typed('1', 5),
      'unsafe: "a" is a hardlink with a body, which readers take differently.',
    ],
    [
      'a directory that is a file',
      typed('0', 5, 'a/'),
      'unsafe: "a/" is a directory with a body, which readers take differently.',
    ],
    ['a volume label', typed('V'), 'invalid: "a" is a tar entry of type "V", which no package holds.'],
    [
      'an old sparse file with an endless map',
      bytes(
        patchHeader(typed('S'), (block) => {
          block.set(utf8('ustar  \0'), 257)
          block.fill(0, 345)
          block.set([0x30], 386)
          block.set([1], 482)
        }),
        new Uint8Array(16_386 * 512).fill(1),
      ),
      'too-large: "a" is a sparse file with too long a map.',
    ],
    [
      'an old sparse file without a map',
      typed('S'),
      'unsafe: The tar archive has a sparse file of a form that readers take differently.',
    ],
    [
      'a map in the header of a file that is not sparse',
      patchHeader(header, (block) => {
        block.set(utf8('ustar  \0'), 257)
        block.set([0x30], 386)
      }),
      'unsafe: The tar archive has a sparse file of a form that readers take differently.',
    ],
    [
      'a sparse file of an unknown form',
      pax('22 GNU.sparse.major=2\n'),
      'invalid: The tar archive has a sparse file of the unknown form "2.".',
    ],
    [
      'a sparse file with words for sizes',
      pax('25 GNU.sparse.realsize=x\n'),
      'invalid: A pax header has the impossible GNU.sparse.realsize "x".',
    ],
    [
      'a sparse file with half a pair',
      pax('20 GNU.sparse.map=0\n'),
      'invalid: A pax header has the impossible GNU.sparse.map "0".',
    ],
    [
      'a sparse file whose map is text',
      bytes(mapped(512), utf8('map'.repeat(171))),
      'invalid: The tar archive has a sparse file with a malformed map.',
    ],
    [
      'a sparse file whose map is longer than it',
      bytes(mapped(512), utf8('999\n'.padEnd(512, '1\n'))),
      'invalid: The tar archive has a sparse file with a malformed map.',
    ],
    [
      'two pax headers for one entry',
      bytes(pax('10 path=b\n').subarray(0, 1024), pax('10 path=c\n')),
      'unsafe: The tar archive has two extension headers for one entry that say the same thing, which readers take ' +
        'differently.',
    ],
    [
      'a long name and a pax path',
      bytes(typed('L', 1), utf8('b'.padEnd(512, '\0')), pax('10 path=c\n')),
      'unsafe: The tar archive has two extension headers for one entry that say the same thing, which readers take ' +
        'differently.',
    ],
    [
      'endless headers before one entry',
      bytes(
        ...Array.from({ length: 17 }, () => bytes(typed('g', 12), utf8('12 comment=\n'.padEnd(512, '\0')))),
      ),
      'too-large: The tar archive has more than 16 pax headers for all its entries in a row.',
    ],
    [
      'a pax header for all that renames',
      bytes(typed('g', 10), utf8('10 path=a\n'.padEnd(512, '\0'))),
      'unsafe: The tar archive sets path for all its entries, which readers take differently.',
    ],
    [
      'a huge pax header',
      typed('x', 2 ** 20 + 1),
      'too-large: The tar archive has a pax header of 1048577 bytes; 1048576 are allowed.',
    ],
    [
      'a huge long name',
      typed('L', 5_000),
      'too-large: The tar archive has a name of 5000 bytes; 4097 are allowed.',
    ],
    [
      'a pax record without length',
      pax('path=a\n'),
      'invalid: The tar archive is damaged: a pax header is malformed.',
    ],
    [
      'a pax record too long',
      pax('99 path=a\n'),
      'invalid: The tar archive is damaged: a pax header is malformed.',
    ],
    [
      'a pax record too short',
      pax('3 path=a\n'),
      'invalid: The tar archive is damaged: a pax header is malformed.',
    ],
    [
      'a pax record without key',
      pax('9 patha\n'),
      'invalid: The tar archive is damaged: a pax header is malformed.',
    ],
    [
      'a pax record with an empty key',
      pax('4 =\n'),
      'invalid: The tar archive is damaged: a pax header is malformed.',
    ],
    [
      'a pax record of no length',
      pax('0 path=a\n'),
      'invalid: The tar archive is damaged: a pax header is malformed.',
    ],
    [
      'a pax record behind which comes none',
      pax('10 path=b\npath=c\n'),
      'invalid: The tar archive is damaged: a pax header is malformed.',
    ],
    ['a pax size in words', pax('11 size=x1\n'), 'invalid: A pax header has the impossible size "x1".'],
    ['a pax size below 0', pax('11 size=-1\n'), 'invalid: A pax header has the impossible size "-1".'],
  ])('%s', async (_what, tar, message) => {
    expect(await refusalOf(list(bytes(tar, tarEnd())))).toBe(message)
  })

  test('an extension header that nothing follows', async () => {
    expect(await refusalOf(list(bytes(pax('10 path=b\n').subarray(0, 1_024), tarEnd())))).toMatch(
      /^truncated: /,
    )
  })

  test('too many entries, too long names, too large bodies', async () => {
    expect(await refusalOf(list(good, [512], { maxEntries: 1 }))).toBe(
      'too-large: The tar archive has more than 1 entries.',
    )
    expect(await refusalOf(list(bytes(pax('12 path=abc\n'), tarEnd()), [512], { maxNameLength: 2 }))).toBe(
      'too-large: The name "abc" is longer than 2 characters.',
    )
    expect(
      await refusalOf(list(bytes(pax('19 size=8888888888\n'), tarEnd()), [512], { maxFileSize: 9 })),
    ).toBe('too-large: "a" claims to have 8888888888 bytes; 9 are allowed.')
    const read = async () => {
      for await (const entry of readTar(chunked(good))) await readTarBody(entry, 4)
    }
    expect(await refusalOf(read())).toBe('too-large: "a" is larger than 4 bytes.')
  })

  test('to read a sparse file as if it were whole', async () => {
    const tar = bytes(pax('25 GNU.sparse.realsize=1\n'), tarEnd())
    expect(await refusalOf(list(tar))).toBe('invalid: "a" is stored as a sparse file.')
  })
})

describe('the tar reader', () => {
  const folder = fc.array(
    fc.record({
      name: fc.stringMatching(/^[a-z]{1,10}(\/[a-zé]{1,60}){0,6}$/),
      text: fc.string({ maxLength: 1_500 }),
    }),
    { maxLength: 6 },
  )
  const build = (files: readonly { name: string; text: string }[]) =>
    bytes(...files.map(({ name, text }) => tarFile(name, utf8(text))), tarEnd())

  test('reads the same however the bytes are cut, and what the writer wrote', async () => {
    await fc.assert(
      fc.asyncProperty(folder, fc.array(fc.nat(1_500), { minLength: 1 }), async (files, sizes) => {
        const listed = await list(build(files), sizes)
        expect(listed.map(({ name, text }) => ({ name, text }))).toEqual(files)
      }),
    )
  })
})

describe('the tar writer', () => {
  test('writes what bsdtar and GNU tar read', () => {
    const contents = {
      [long]: 'deep',
      [veryLong]: 'deeper',
      é: 'x',
      ['z'.repeat(100)]: '',
      ['w'.repeat(255)]: 'w',
    }
    const files = Object.entries(contents).map(([name, text]) => tarFile(name, utf8(text), 1_700_000_000))
    const link = tarHeader({ name: 'link', type: 'symlink', linkname: 'é' })
    const tar = bytes(tarHeader({ name: 'd/', type: 'directory' }), ...files, link, tarEnd())
    const expected = ['d/', ...Object.keys(contents), 'link']
    expect(run('bsdtar', ['-tf', '-'], { input: tar }).toString().trim().split('\n')).toEqual(expected)
    expect(
      run('tar', ['-t', '--quoting-style=literal'], { input: tar }).toString().trim().split('\n'),
    ).toEqual(expected)
    expect(run('tar', ['-xO', veryLong], { input: tar }).toString()).toBe('deeper')
    expect(run('tar', ['-tv', '--utc', long], { input: tar }).toString()).toBe(
      `-rw-r--r-- root/root         4 2023-11-14 22:13 ${long}\n`,
    )
  })

  test('uses one block wherever a name fits', () => {
    expect(tarHeader({ name: long }).length).toBe(512)
    expect(tarHeader({ name: veryLong }).length).toBe(3 * 512)
    expect(() => tarHeader({ name: 'a', size: 8 ** 11 })).toThrow(RangeError)
  })
})
