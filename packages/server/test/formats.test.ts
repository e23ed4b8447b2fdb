import { join } from 'node:path'
import { crc32, createZstdCompress, gzipSync, constants as zlib, zstdCompressSync } from 'node:zlib'
import { tarEnd, tarFile, tarHeader } from '@vieter/alpm'
import { beforeAll, describe, expect, test } from 'vitest'
import { contentsOf, endOfFile, filesIn, sha256 } from './support/folders.ts'
import {
  type Compression,
  compress,
  entriesOf,
  packageArchive,
  packageEntries,
  packageTar,
  runProgram,
} from './support/packages.ts'
import { startServer, type TestServer } from './support/server.ts'

const compressions = ['zst', 'xz', 'gz', 'tar', 'bz2', 'lz4', 'lzo', 'lz', 'Z'] as const
const tar = packageTar({ files: { 'usr/hello': Buffer.alloc(3000).toString('hex') } })
const bytes = (...parts: readonly (string | Uint8Array)[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part)))

/** A tar cut in the middle, each half compressed by itself. */
function inTwoParts(compression: Compression): Buffer {
  const middle = tar.length / 2 + 100
  return bytes(compress[compression](tar.subarray(0, middle)), compress[compression](tar.subarray(middle)))
}

function skippableFrame(size: number, nibble = 0): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(0x184d2a50 + nibble, 0)
  header.writeUInt32LE(size, 4)
  return bytes(header, Buffer.alloc(size, 'x'))
}

/** Compressed as a stream: without the size of the content in the header, so with a window in it. */
async function streamedZstd(content: Uint8Array): Promise<Buffer> {
  const encoder = createZstdCompress({ params: { [zlib.ZSTD_c_checksumFlag]: 1 } })
  for (let at = 0; at < content.length; at += 1000) encoder.write(content.subarray(at, at + 1000))
  encoder.end()
  return bytes(...((await encoder.toArray()) as Uint8Array[]))
}

describe('taken, and served with the same bytes', () => {
  test.each<[string, Compression, () => Buffer | Promise<Buffer>]>([
    ['one zstd frame', 'zst', () => compress.zst(tar)],
    ['a zstd frame with window and checksum', 'zst', () => streamedZstd(tar)],
    ['two zstd frames', 'zst', () => inTwoParts('zst')],
    [
      'three hundred zstd frames',
      'zst',
      () =>
        bytes(
          ...Array.from({ length: 300 }, (_, i) =>
            zstdCompressSync(tar.subarray(i * 40, i < 299 ? i * 40 + 40 : undefined)),
          ),
        ),
    ],
    ['an empty zstd frame between', 'zst', () => bytes(compress.zst(tar), compress.zst(new Uint8Array(0)))],
    [
      'skippable zstd frames around',
      'zst',
      () => bytes(skippableFrame(9), compress.zst(tar), skippableFrame(0, 15)),
    ],
    ['one xz stream', 'xz', () => compress.xz(tar)],
    ['two xz streams', 'xz', () => inTwoParts('xz')],
    [
      'two xz streams with padding between',
      'xz',
      () => bytes(compress.xz(tar.subarray(0, 700)), Buffer.alloc(8), compress.xz(tar.subarray(700))),
    ],
    ['one gzip member', 'gz', () => compress.gz(tar)],
    ['two gzip members', 'gz', () => inTwoParts('gz')],
    ['plain tar', 'tar', () => compress.tar(tar)],
    ['xz with a dictionary of 64 MiB', 'xz', () => runProgram('xz', ['-c', '--lzma2=dict=64MiB'], tar)],
    ['xz with a dictionary of 128 MiB', 'xz', () => runProgram('xz', ['-c', '--lzma2=dict=128MiB'], tar)],
    ['xz with SHA-256', 'xz', () => runProgram('xz', ['-c', '--check=sha256'], tar)],
    ['xz with a filter for machine code', 'xz', () => runProgram('xz', ['-c', '--x86', '--lzma2'], tar)],
    ['xz of many blocks', 'xz', () => runProgram('xz', ['-c', '-T2', '--block-size=1000'], tar)],
    ['bzip2', 'bz2', () => compress.bz2(tar)],
    ['two bzip2 streams', 'bz2', () => inTwoParts('bz2')],
    ['lz4', 'lz4', () => compress.lz4(tar)],
    ['two lz4 frames', 'lz4', () => inTwoParts('lz4')],
    ['lzop', 'lzo', () => compress.lzo(tar)],
    ['lzip', 'lz', () => compress.lz(tar)],
    ['lzip with a dictionary of 128 MiB', 'lz', () => runProgram('lzip', ['-c', '-s128MiB'], tar)],
    ['two lzip members', 'lz', () => inTwoParts('lz')],
    ['compress', 'Z', () => compress.Z(tar)],
    ['plain tar filled up with zeros', 'tar', () => bytes(tar, Buffer.alloc(10_240))],
  ])('%s', async (_, compression, make) => {
    const server = await startServer()
    const archive = await make()
    const response = await server.publish('repo', archive)
    expect(await response.json()).toMatchObject({ data: { name: 'hello', archs: ['x86_64'] } })
    const filename = `hello-1.0-1-x86_64.pkg.tar${compression === 'tar' ? '' : `.${compression}`}`
    const served = await fetch(`${server.url}/repo/x86_64/${filename}`)
    expect(sha256(await served.bytes())).toBe(sha256(archive))
    expect(await entriesOf(await fetch(`${server.url}/repo/x86_64/repo.db`))).toEqual(['hello-1.0-1'])
    expect(server.log).toEqual([])
  })
})

/** One server for all that it must refuse: nothing of that may change it. */
let shared: TestServer
const onEnd = endOfFile()
beforeAll(async () => {
  shared = await startServer({ onEnd })
})

test('a package is taken under the name that its sender gives it, if that is its name', async () => {
  const archive = packageArchive({ version: '1:2.0-1', arch: 'any' }, 'xz')
  const name = encodeURIComponent('hello-1:2.0-1-any.pkg.tar.xz')
  expect((await shared.publish('named', archive, `?filename=${name}`)).status).toBe(200)
})

/** All but the SQL store, which is tidied up now and then: what it says is seen in the database that is served. */
function filesOf({ folder }: TestServer): [string, string][] {
  return Object.entries(contentsOf(folder)).filter(([path]) => !path.startsWith('store.sqlite'))
}

/** Publishes what must be refused, and returns the reason, after having seen that nothing has changed by it. */
async function refusal(server: TestServer, archive: Uint8Array): Promise<string> {
  await server.publish('repo', packageArchive({ name: 'before' }))
  const database = async () => sha256(await (await fetch(`${server.url}/repo/x86_64/repo.db`)).bytes())
  const [files, served] = [filesOf(server), await database()]
  const response = await server.publish('repo', archive)
  const { message, code, data, hint } = (await response.json()) as Record<string, string>
  expect(filesOf(server)).toEqual(files)
  expect(filesIn(join(server.folder, 'packages', '.staging'))).toEqual([])
  expect(await database()).toBe(served)
  expect(server.log).toEqual([])
  expect({ data, hint: typeof hint }).toEqual({ data: '', hint: 'string' })
  return `${response.status} ${code}: ${message}`
}

describe('truncated archives are refused', () => {
  const whole = Object.fromEntries(
    compressions.map((compression) => [compression, compress[compression](tar)]),
  ) as Record<Compression, Buffer>

  /** Places to cut at: in the magic, the header, the data, before the checksum, before the last byte. */
  test.each(
    compressions.flatMap((compression) =>
      [
        1,
        3,
        5,
        11,
        100,
        Math.floor(whole[compression].length / 2),
        whole[compression].length - 5,
        whole[compression].length - 1,
      ]
        .filter((size) => compression !== 'tar' || size < tar.length - 1024)
        .map((size) => [compression, size] as const),
    ),
  )('%s after %i bytes', async (compression, size) => {
    expect(await refusal(shared, whole[compression].subarray(0, size))).toMatch(/^400 PACKAGE_INVALID: /)
  })

  test.each([
    ['zst', '400 PACKAGE_INVALID: The zstd file is truncated: it ends within a frame.'],
    ['xz', '400 PACKAGE_INVALID: The xz file is truncated: it ends within a stream.'],
    ['gz', '400 PACKAGE_INVALID: The gzip data is damaged: it ends too early.'],
  ] as const)('%s says so', async (compression, reason) => {
    expect(await refusal(shared, whole[compression].subarray(0, -1))).toContain(reason)
  })

  test.each(compressions)(
    '%s whose tar ends too early, though the compression is whole',
    async (compression) => {
      const short = compress[compression](tar.subarray(0, 1024 + 512 + 100))
      expect(await refusal(shared, short)).toMatch(/^400 PACKAGE_INVALID: /)
    },
  )

  test('of two zstd frames the second is missing its end', async () => {
    expect(await refusal(shared, inTwoParts('zst').subarray(0, -2))).toBe(
      '400 PACKAGE_INVALID: The zstd file is truncated: it ends within a frame.',
    )
  })
})

describe('garbage behind the end is refused', () => {
  test.each(
    compressions.flatMap((compression) =>
      ['x', 'garbage'.repeat(3000)].map((garbage) => [compression, garbage] as const),
    ),
  )('%s followed by %j', async (compression, garbage) => {
    expect(await refusal(shared, bytes(compress[compression](tar), garbage))).toMatch(
      /^400 PACKAGE_INVALID: /,
    )
  })

  test.each<[string, () => Uint8Array, string]>([
    ['zstd', () => bytes(compress.zst(tar), 'garbage'), '400 PACKAGE_INVALID: The zstd'],
    ['zstd and zeros', () => bytes(compress.zst(tar), Buffer.alloc(16)), '400 PACKAGE_INVALID: '],
    ['gzip', () => bytes(compress.gz(tar), 'garbage'), '400 PACKAGE_INVALID: '],
    [
      'gzip and zeros',
      () => bytes(compress.gz(tar), Buffer.alloc(16)),
      '400 PACKAGE_INVALID: 16 bytes follow the end of the gzip data.',
    ],
    [
      'gzip and something that begins like gzip',
      () => bytes(compress.gz(tar), '\x1f\x8bgarbage'),
      '400 PACKAGE_INVALID: ',
    ],
    ['xz', () => bytes(compress.xz(tar), 'garbage'), '400 PACKAGE_INVALID: '],
    ['a second tar', () => bytes(tar, tar), '400 PACKAGE_INVALID: '],
    ['a second tar, compressed', () => compress.zst(bytes(tar, tar)), '400 PACKAGE_INVALID: '],
  ])('%s', async (_, make, reason) => {
    expect((await refusal(shared, make())).slice(0, reason.length)).toBe(reason)
  })
})

describe('damage is refused', () => {
  test.each(['zst', 'xz', 'gz', 'bz2', 'lz4', 'lzo', 'lz'] as const)(
    'a turned bit in %s',
    async (compression) => {
      const archive = compression === 'zst' ? await streamedZstd(tar) : compress[compression](tar)
      archive[archive.length >> 1] = (archive[archive.length >> 1] ?? 0) ^ 0x10
      expect(await refusal(shared, archive)).toMatch(/^400 PACKAGE_INVALID: /)
    },
  )

  test('a wrong checksum of gzip', async () => {
    const archive = compress.gz(tar)
    archive.writeUInt32LE((crc32(tar) ^ 1) >>> 0, archive.length - 8)
    expect(await refusal(shared, archive)).toBe(
      '400 PACKAGE_INVALID: The gzip data is damaged: incorrect data check.',
    )
  })
})

/** The header of a zstd frame with a window of 2^logarithm bytes, and one empty last block. */
function frameWithWindow(logarithm: number): Buffer {
  return bytes([
    0x28,
    0xb5,
    0x2f,
    0xfd,
    0x00,
    (logarithm - 10) << 3,
    0x01,
    0x00,
    0x00,
  ] as unknown as Uint8Array)
}

describe('a zstd window', () => {
  test.each([28, 31, 41])(
    'of 2^%i bytes is refused from the header of the frame, with the reason',
    async (logarithm) => {
      const reason = await refusal(shared, frameWithWindow(logarithm))
      expect(reason).toMatch(/^400 PACKAGE_INVALID: /)
      expect(reason).toContain('128 MiB')
    },
  )

  test('is looked at in every frame', async () => {
    expect(await refusal(shared, bytes(compress.zst(tar), frameWithWindow(31)))).toContain('128 MiB')
  })

  test('of 128 MiB is fine', async () => {
    const server = await startServer()
    expect((await server.publish('repo', bytes(frameWithWindow(27), compress.zst(tar)))).status).toBe(200)
  })
})

describe('too large', () => {
  test('the file: refused as soon as that is known', async () => {
    const server = await startServer({ settings: { max_package_size: 1 } })
    const archive = packageArchive({ files: { 'usr/x': 'x'.repeat(1 << 20) } }, 'tar')
    expect(await refusal(server, archive)).toBe(
      '400 PACKAGE_TOO_LARGE: The package is larger than the 1 MiB that this server takes.',
    )
  })

  const zeros = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`usr/${i}`, '\0'.repeat(1 << 20)]))

  test.each(['zst', 'gz', 'xz', 'bz2', 'lz'] as const)(
    'what is in it (%s): an archive that explodes',
    async (compression) => {
      const server = await startServer({ settings: { max_unpacked_size: 4 } })
      const archive = packageArchive({ files: zeros }, compression)
      expect(archive.length).toBeLessThan(1 << 20)
      expect(await refusal(server, archive)).toBe(
        '400 PACKAGE_TOO_LARGE: Unpacked, the package is larger than the 4 MiB that this server takes.',
      )
    },
  )

  test('its metadata', async () => {
    const reason = await refusal(shared, packageArchive({ pkginfo: `pkgdesc = ${'x'.repeat(2 << 20)}\n` }))
    expect(reason).toMatch(/^400 PACKAGE_TOO_LARGE: /)
  })
})

describe('what is no package is refused with the reason', () => {
  const file = (name: string, text = 'x') => tarFile(name, Buffer.from(text))
  const withEntries = (...entries: readonly Uint8Array[]) =>
    compress.zst(bytes(...packageEntries(), ...entries, tarEnd()))
  const withPkginfo = (text: string) => compress.zst(bytes(file('.PKGINFO', text), tarEnd()))
  const link = (name: string, linkname: string) => tarHeader({ name, type: 'symlink', linkname })

  test.each<[string, () => Uint8Array]>([
    ['nothing', () => new Uint8Array(0)],
    ['a text', () => Buffer.from('garbage')],
    ['a page', () => Buffer.from(`<html>${'x'.repeat(5000)}`)],
    ['zeros', () => Buffer.alloc(4096)],
    ['an empty tar', () => Buffer.from(tarEnd())],
    ['an empty tar, compressed', () => gzipSync(tarEnd())],
    ['compressed nothing', () => compress.zst(new Uint8Array(0))],
    ['a compressed text', () => compress.zst(Buffer.from('garbage'.repeat(1000)))],
    ['a tar without .PKGINFO', () => compress.zst(bytes(file('usr/hello'), tarEnd()))],
    ['two .PKGINFO', () => withEntries(file('.PKGINFO', 'pkgname = other\npkgver = 1-1\narch = any\n'))],
    ['a .PKGINFO that is a link', () => compress.zst(bytes(link('.PKGINFO', '/etc/passwd'), tarEnd()))],
    [
      'a .PKGINFO in a folder',
      () => compress.zst(bytes(file('x/.PKGINFO', 'pkgname = a\npkgver = 1-1\narch = any\n'), tarEnd())),
    ],
    [
      './.PKGINFO, which pacman does not find',
      () => compress.zst(bytes(file('./.PKGINFO', 'pkgname = a\npkgver = 1-1\narch = any\n'), tarEnd())),
    ],
    ['no name', () => withPkginfo('pkgver = 1-1\narch = any\n')],
    ['a name that leaves its folder', () => withPkginfo('pkgname = ../../etc/x\npkgver = 1-1\narch = any\n')],
    ['a name that begins with a dash', () => withPkginfo('pkgname = -rf\npkgver = 1-1\narch = any\n')],
    ['a version without release', () => withPkginfo('pkgname = a\npkgver = 1\narch = any\n')],
    ['a version with a slash', () => withPkginfo('pkgname = a\npkgver = 1/../../x-1\narch = any\n')],
    ['an architecture with a slash', () => withPkginfo('pkgname = a\npkgver = 1-1\narch = ../x\n')],
    ['two names', () => withPkginfo('pkgname = a\npkgname = b\npkgver = 1-1\narch = any\n')],
    [
      'a file name that no disk takes',
      () => withPkginfo(`pkgname = ${'a'.repeat(250)}\npkgver = 1-1\narch = any\n`),
    ],
    ['an absolute path', () => withEntries(file('/etc/passwd'))],
    ['a path that climbs', () => withEntries(file('usr/../../etc/passwd'))],
    ['a path that is only dots', () => withEntries(file('..'))],
    [
      'a path with a line end, which would forge a line of the list',
      () => withEntries(file('usr/a\n%FILES%\nb')),
    ],
    ['an empty path', () => withEntries(file(''))],
  ])('%s', async (_, make) => {
    expect(await refusal(shared, make())).toMatchSnapshot()
  })
})
