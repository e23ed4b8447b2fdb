import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, zstdCompressSync } from 'node:zlib'
import { parseDesc, tarEnd, tarFile, tarHeader } from '@vieter/alpm'
import { beforeAll, describe, expect, test } from 'vitest'
import { endOfFile, filesIn } from './support/folders.ts'
import {
  compress,
  packageArchive,
  packageEntries,
  readServedDatabase,
  runProgram,
} from './support/packages.ts'
import { type SpawnedServer, spawnServer } from './support/spawned-server.ts'

/*
 * Archives that are made to harm the server, its disk, or those who install from it. One server, in a process of its own,
 * is sent them all; each is refused for its reason, within seconds.
 */

const mebibyte = 1024 * 1024
/** Milliseconds in which every one must be refused, on two slow processors that others use as well. */
const patience = 15_000

let server: SpawnedServer
const onEnd = endOfFile()
beforeAll(async () => {
  server = await spawnServer({ onEnd })
  await server.publish('repo', packageArchive({ name: 'good' }))
})

const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const zst = (...parts: readonly Uint8Array[]): Buffer => zstdCompressSync(Buffer.concat(parts), fast)
const file = (name: string, text = 'x') => tarFile(name, Buffer.from(text))
const pkginfo = 'pkgname = a\npkgver = 1-1\narch = any\n'
const withPkginfo = (text: string) => zst(file('.PKGINFO', text), tarEnd())
const withMore = (...entries: readonly Uint8Array[]) => zst(...packageEntries(), ...entries, tarEnd())
const withFirst = (...entries: readonly Uint8Array[]) => zst(...entries, ...packageEntries(), tarEnd())
const times = (count: number, part: Uint8Array) => Array.from({ length: count }, () => part)

/** A header changed by hand, its checksum made right again. */
function patched(header: Uint8Array, patch: (block: Uint8Array) => void): Uint8Array {
  const block = Uint8Array.from(header)
  patch(block)
  block.fill(0x20, 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
  return block
}

function typed(type: string, name = 'usr/x', size = 0): Uint8Array {
  return patched(tarHeader({ name, size }), (block) => {
    block[156] = type.charCodeAt(0)
  })
}

/** The header of a sparse file as GNU tar of old wrote it: with a first piece, and maybe more in the blocks behind it. */
function oldSparse(name = 'usr/x', hasMore = false): Uint8Array {
  return patched(typed('S', name), (block) => {
    block.set(Buffer.from('ustar  \0'), 257)
    block.set([0x30], 386)
    block.set([hasMore ? 1 : 0], 482)
  })
}

/** A pax header with one record, for the entry that follows, or for all. */
function pax(key: string, value: string, type: 'x' | 'g' = 'x'): Uint8Array {
  const rest = ` ${key}=${value}\n`
  const record = Buffer.from(`${rest.length + String(rest.length + 2).length}${rest}`)
  const body = Buffer.alloc(Math.ceil(record.length / 512) * 512)
  record.copy(body)
  return Buffer.concat([typed(type, 'pax', record.length), body])
}

const zeros = (size: number) => zst(new Uint8Array(size))
const gibibyteOfZeros = () => Buffer.concat(times(16, zeros(64 * mebibyte)))

/** A zstd frame that has nothing in it but asks for a window of 2^`logarithm` bytes. */
function windowFrame(logarithm: number): Buffer {
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (logarithm - 10) << 3, 1, 0, 0])
}

/** An lzip file whose header asks for another dictionary than it was compressed with. */
function withDictionary(archive: Buffer, coded: number): Buffer {
  const changed = Buffer.from(archive)
  changed[5] = coded
  return changed
}

interface Case {
  archive(): Uint8Array
  query?: string
}

const explosions: Record<string, Case> = {
  'zstd: 64 GiB of zeros': {
    archive: () =>
      Buffer.concat([
        zst(...packageEntries(), tarHeader({ name: 'usr/zeros', size: 8 * 1024 ** 3 - 1 })),
        ...times(64, gibibyteOfZeros()),
      ]),
  },
  'bzip2: 2 GiB of zeros': {
    archive: () =>
      Buffer.concat([
        compress.bz2(Buffer.concat([...packageEntries(), tarHeader({ name: 'usr/zeros', size: 2 ** 31 })])),
        ...times(32, compress.bz2(new Uint8Array(64 * mebibyte))),
      ]),
  },
  'xz: 2 GiB of zeros': {
    archive: () =>
      Buffer.concat([
        compress.xz(Buffer.concat([...packageEntries(), tarHeader({ name: 'usr/zeros', size: 2 ** 31 })])),
        ...times(32, compress.xz(new Uint8Array(64 * mebibyte))),
      ]),
  },
  'a million files': {
    archive: () =>
      Buffer.concat([
        zst(...packageEntries()),
        ...times(1000, zst(...times(1000, file('usr/x', '')))),
        zst(tarEnd()),
      ]),
  },
  'endless headers for one file': {
    archive: () => withMore(...times(1000, pax('comment', 'x', 'g'))),
  },
  'a pax header of a gibibyte': { archive: () => withMore(typed('x', 'pax', 1024 ** 3)) },
  'a file of 8 PiB': { archive: () => withMore(pax('size', '9007199254740991'), file('usr/x')) },
  'a file of more than numbers tell': { archive: () => withMore(pax('size', '9'.repeat(40)), file('usr/x')) },
  'a file of less than nothing': { archive: () => withMore(pax('size', '-1'), file('usr/x')) },
  'a zstd window of 2 GiB': { archive: () => windowFrame(31) },
  'a zstd window of 2 GiB in the second frame': {
    archive: () => Buffer.concat([packageArchive(), windowFrame(31)]),
  },
  'an xz dictionary of 1.5 GiB': {
    archive: () => runProgram('xz', ['-c', '--lzma2=preset=0,dict=1536MiB'], Buffer.concat(packageEntries())),
  },
  'an lzip dictionary of 512 MiB': { archive: () => withDictionary(packageArchive({}, 'lz'), 29) },
  'an lzip dictionary of 512 MiB in the second member': {
    archive: () => {
      const second = withDictionary(compress.lz(new Uint8Array(1024)), 29)
      return Buffer.concat([packageArchive({}, 'lz'), second])
    },
  },
  'a name of 5,000 characters': { archive: () => withMore(pax('path', 'x'.repeat(5000)), file('usr/x')) },
  'an endless map of a sparse file': {
    archive: () => withMore(oldSparse('usr/x', true), new Uint8Array(9 * mebibyte).fill(1)),
  },
  'a .CHANGELOG of 17 MiB': { archive: () => withFirst(file('.CHANGELOG', 'x'.repeat(17 * mebibyte))) },
  'a .MTREE of 33 MiB': { archive: () => withFirst(file('.MTREE', 'x'.repeat(33 * mebibyte))) },
  'a field of 20,000 characters': {
    archive: () => withPkginfo(`${pkginfo}pkgdesc = ${'x'.repeat(20_000)}\n`),
  },
  'a list of 20,000 values': { archive: () => withPkginfo(pkginfo + 'depend = a\n'.repeat(20_000)) },
  'a .PKGINFO of 100,000 lines': { archive: () => withPkginfo(pkginfo + 'x = y\n'.repeat(100_000)) },
}

const lies: Record<string, Case> = {
  'a name with a newline': { archive: () => withMore(file('usr/a\n%DEPENDS%\nevil')) },
  'a name that climbs': { archive: () => withMore(file('usr/../../etc/passwd')) },
  'an absolute name': { archive: () => withMore(file('/etc/passwd')) },
  'a name with an escape sequence': { archive: () => withMore(file('usr/\u001b[2J')) },
  'a name with a NUL, by pax': { archive: () => withMore(pax('path', 'usr/a\0b'), file('usr/x')) },
  'a name that is not UTF-8': {
    archive: () => withMore(patched(tarHeader({ name: 'usr/?' }), (block) => block.set([0xff], 4))),
  },
  'a hard link that climbs': {
    archive: () =>
      withMore(
        patched(tarHeader({ name: 'usr/x', type: 'symlink', linkname: '../etc/shadow' }), (block) =>
          block.set([0x31], 156),
        ),
      ),
  },
  'a hard link with a body': { archive: () => withMore(typed('1', 'usr/x', 512), new Uint8Array(512)) },
  'a name for all files': { archive: () => withMore(pax('path', 'usr/x', 'g')) },
  'two names for one file': {
    archive: () => withMore(pax('path', 'usr/x'), pax('path', 'usr/y'), file('usr/z')),
  },
  'a volume label': { archive: () => withMore(typed('V', 'label')) },
  'a second .PKGINFO': { archive: () => withFirst(file('.PKGINFO', pkginfo)) },
  'a .PKGINFO behind the files': { archive: () => zst(file('usr/x'), file('.PKGINFO', pkginfo), tarEnd()) },
  'an .INSTALL behind the files': { archive: () => withMore(file('.INSTALL', 'post_install() { :; }')) },
  'an .INSTALL that is a link': {
    archive: () => withFirst(tarHeader({ name: '.INSTALL', type: 'symlink', linkname: '/etc/passwd' })),
  },
  'a .MTREE that is a device': { archive: () => withFirst(typed('3', '.MTREE')) },
  'a .PKGINFO that is sparse': { archive: () => zst(oldSparse('.PKGINFO'), tarEnd()) },
  'a field with a control character': { archive: () => withPkginfo(`${pkginfo}url = a\u0001b\n`) },
  'a field with a C1 control character': { archive: () => withPkginfo(`${pkginfo}url = a\u0085b\n`) },
  'a field with a line end of Unicode': {
    archive: () => withPkginfo(`${pkginfo}pkgdesc = a\u2028%DEPENDS%\u2028b\n`),
  },
  'a name with a line end of Unicode': { archive: () => withMore(file('usr/a\u2028%DEPENDS%')) },
  'a field that is not UTF-8': {
    archive: () =>
      zst(tarFile('.PKGINFO', Buffer.from(`${pkginfo}packager = J\u00e9r\n`, 'latin1')), tarEnd()),
  },
  'a field that looks like a section': { archive: () => withPkginfo(`${pkginfo}pkgdesc = %DEPENDS%\n`) },
  'a .BUILDINFO of another architecture': {
    archive: () => withFirst(file('.BUILDINFO', 'pkgname = hello\npkgver = 1.0-1\npkgarch = aarch64\n')),
  },
  'a .BUILDINFO of another package': { archive: () => withFirst(file('.BUILDINFO', 'pkgname = other\n')) },
  'a file name of another architecture': {
    archive: () => packageArchive(),
    query: '?filename=hello-1.0-1-aarch64.pkg.tar.zst',
  },
  'a file name of another compression': {
    archive: () => packageArchive({}, 'xz'),
    query: '?filename=hello-1.0-1-x86_64.pkg.tar.zst',
  },
  'another tar behind the end': { archive: () => withMore(tarEnd(), file('usr/hidden'), tarEnd()) },
  'a file behind one block of zeros': { archive: () => withMore(new Uint8Array(512), file('usr/hidden')) },
  'one byte behind the padding': { archive: () => withMore(new Uint8Array(10_240), Buffer.from('x')) },
  'a text behind the compression': {
    archive: () => Buffer.concat([packageArchive(), Buffer.from('hidden')]),
  },
}

const versions = [
  '',
  '1.0',
  '1.0-',
  '-1',
  '1.0-1-1',
  ':1-1',
  'a:1-1',
  '1:2:3-1',
  '1.0-1.2.3',
  '1.0-a',
  '1 0-1',
  '1/0-1',
  '1.0-١',
]

/** Publishes what must be refused; returns how. Throws when it took too long or left something. */
async function refusal({ archive, query = '' }: Case): Promise<string> {
  const bytes = archive()
  const before = filesIn(join(server.folder, 'packages'))
  const started = performance.now()
  const response = await server.publish('repo', bytes, query)
  const { code, message, hint } = (await response.json()) as Record<string, string>
  expect(performance.now() - started).toBeLessThan(patience)
  expect(filesIn(join(server.folder, 'packages'))).toEqual(before)
  return `${response.status} ${code}\n${message}\n→ ${hint}`
}

describe('refused, for it would explode:', () => {
  test.each(Object.entries(explosions))('%s', async (_what, hostile) => {
    expect(await refusal(hostile)).toMatchSnapshot()
  })
})

describe('refused, for it lies:', () => {
  test.each(Object.entries(lies))('%s', async (_what, hostile) => {
    expect(await refusal(hostile)).toMatchSnapshot()
  })

  test.each(versions)('the version %j, which pacman would not order', async (version) => {
    const archive = () => withPkginfo(`pkgname = a\npkgver = ${version}\narch = any\n`)
    expect(await refusal({ archive })).toMatch(/^400 PACKAGE_INVALID\n.*pkgver.*\n→ /)
  })
})

describe('after all that', () => {
  /** KiB, as proc(5) tells. */
  function peakMemory(): number {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1])
  }

  test('the server never needed much memory, and serves what it served', async () => {
    expect(peakMemory() / 1024).toBeLessThan(600)
    const database = await fetch(`${server.url}/repo/x86_64/repo.db`)
    expect((await readServedDatabase(database)).map(({ name }) => name)).toEqual(['good'])
    expect(server.log()).not.toMatch(/"level":[56]0/)
  })
})

describe('no field can begin a section of a database', () => {
  test.each([
    'x\r%DEPENDS%\revil',
    'x\t%DEPENDS%\tevil',
    'x %DEPENDS% evil',
    '%DEPENDS% evil',
    'x\\n%DEPENDS%\\nevil',
    '%depends%',
  ])('%j', async (text) => {
    const archive = packageArchive({ pkginfo: `pkgdesc = ${text}\ngroup = ${text}\noptdepend = ${text}\n` })
    expect((await server.publish('fields', archive, '?replace=true')).status).toBe(200)
    const [entry] = await readServedDatabase(await fetch(`${server.url}/fields/x86_64/fields.db`))
    const desc = entry?.desc ?? ''
    expect(desc.match(/^%[A-Z0-9]+%$/gm)).toEqual([
      ...['%FILENAME%', '%NAME%', '%BASE%', '%VERSION%', '%DESC%', '%GROUPS%', '%CSIZE%', '%ISIZE%'],
      ...['%SHA256SUM%', '%ARCH%', '%BUILDDATE%', '%OPTDEPENDS%'],
    ])
    const shown = text.replace(/[\r\t]/g, ' ')
    expect(parseDesc(desc).pkginfo).toMatchObject({
      description: shown,
      groups: [shown],
      depends: [],
      optdepends: [shown],
    })
  })
})
