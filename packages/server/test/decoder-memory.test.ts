import { randomBytes } from 'node:crypto'
import { createZstdCompress, constants as zlib } from 'node:zlib'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ArchiveLimits } from '../src/archives/archive-facts.ts'
import { type ArchiveReaders, createArchiveReaders } from '../src/archives/archive-readers.ts'
import { createMemoryBudget, holdMemory } from '../src/archives/memory-budget.ts'
import { temporaryFolder } from './support/folders.ts'
import { compress, packageArchive, packageTar, runProgram } from './support/packages.ts'
import { startServer } from './support/server.ts'

const mebibyte = 1024 * 1024
const limits: ArchiveLimits = {
  maxUnpackedSize: 4096 * mebibyte,
  maxRatio: 1000,
  maxFiles: 20_000,
  maxWindowSize: 128 * mebibyte,
}

/** A package whose file cannot be made smaller, compressed with a window of 2^`logarithm` bytes. */
async function packageWithWindow(logarithm: number, name = 'hello'): Promise<Buffer> {
  const encoder = createZstdCompress({ params: { [zlib.ZSTD_c_windowLog]: logarithm } })
  // Two writes: with one the encoder would know the size, and ask for no more.
  const tar = packageTar({ name, files: { 'usr/x': randomBytes(2000).toString('hex') } })
  encoder.write(tar.subarray(0, 600))
  encoder.end(tar.subarray(600))
  return Buffer.concat((await encoder.toArray()) as Uint8Array[])
}

function makeReaders(decoderMemory: number): ArchiveReaders {
  const readers = createArchiveReaders({ decoderMemory, threads: 1 })
  onTestFinished(() => readers.stop())
  return readers
}

/** Begins to read an archive; tells how it stands. */
function begin(readers: ArchiveReaders, archive: Uint8Array, isWhole = true) {
  const reading = readers.open(limits)
  reading.read(archive).catch(() => {})
  if (isWhole) reading.end()
  let state = 'being read'
  const over = reading.facts.then(
    ({ pkginfo }) => {
      state = pkginfo.name
    },
    (fault: Error) => {
      state = fault.message
    },
  )
  return { reading, over, state: () => state }
}

describe('the budget of memory', () => {
  test('is shared out in turn, and nobody who asks for little overtakes', async () => {
    const budget = createMemoryBudget(100)
    const order: string[] = []
    const claim = (name: string, bytes: number) => {
      const claimed = budget.claim(bytes)
      claimed.granted.then(() => order.push(name))
      return claimed
    }
    const [first, second, third, fourth] = [claim('a', 60), claim('b', 90), claim('c', 10), claim('d', 500)]
    await first?.granted
    expect(order).toEqual(['a'])
    first?.give()
    first?.give()
    await third?.granted
    expect(order).toEqual(['a', 'b', 'c'])
    third?.give()
    second?.give()
    await fourth?.granted
    expect(order).toEqual(['a', 'b', 'c', 'd'])
  })

  test('is held by decoders one after the other, each growth in turn, and never asked for less', async () => {
    const budget = createMemoryBudget(100)
    const [one, two] = [holdMemory(budget), holdMemory(budget)]
    await one.reserve(50)
    await two.reserve(50)
    const grown = [one.reserve(80), two.reserve(90)]
    await grown[0]
    await one.reserve(10)
    one.give()
    await grown[1]
    two.give()
    await budget.claim(100).granted
  })

  test('is not held up by one who waits no longer', async () => {
    const budget = createMemoryBudget(100)
    const [held, given, next] = [budget.claim(60), budget.claim(90), budget.claim(40)]
    await held.granted
    given.give()
    await next.granted
    held.give()
    next.give()
    await budget.claim(100).granted
  })
})

describe('an archive that finds no memory left', () => {
  test.each([
    ['zstd', () => packageWithWindow(27, 'second')],
    ['xz', async () => runProgram('xz', ['-c', '--lzma2=dict=128MiB'], packageTar({ name: 'second' }))],
    ['xz of the own decoder', async () => runProgram('xz', ['-c', '-9'], packageTar({ name: 'second' }))],
    ['lzip', async () => runProgram('lzip', ['-c', '-s120MiB'], packageTar({ name: 'second' }))],
  ])('waits in turn, while small ones go on (%s)', async (_what, make) => {
    const readers = makeReaders(128 * mebibyte)
    const whole = await packageWithWindow(27, 'first')
    const first = begin(readers, whole.subarray(0, -10), false)
    const second = begin(readers, await make())
    await begin(readers, packageArchive({ name: 'small' })).over
    await begin(readers, packageArchive({ name: 'small' }, 'gz')).over
    expect([first.state(), second.state()]).toEqual(['being read', 'being read'])
    first.reading.read(whole.subarray(-10)).catch(() => {})
    first.reading.end()
    await first.over
    await second.over
    expect([first.state(), second.state()]).toEqual(['first', 'second'])
  })

  test('gets that of one that was given up, and of one that was refused', async () => {
    const readers = makeReaders(128 * mebibyte)
    const whole = await packageWithWindow(27, 'a')
    const given = begin(readers, whole.subarray(0, -10), false)
    const waiting = begin(readers, await packageWithWindow(27, 'b'))
    const damaged = begin(readers, Buffer.concat([whole, Buffer.from('garbage')]))
    const last = begin(readers, await packageWithWindow(26, 'c'))
    waiting.reading.abort()
    given.reading.abort()
    await last.over
    expect(last.state()).toBe('c')
    await damaged.over
    expect(damaged.state()).toContain('goes on behind its last frame')
  })

  test('gets that of one whose thread died', async () => {
    const readers = createArchiveReaders({ decoderMemory: 128 * mebibyte, threads: 1, heapLimit: 14 })
    onTestFinished(() => readers.stop())
    const whole = await packageWithWindow(27, 'again')
    const holder = begin(readers, whole.subarray(0, -10), false)
    await begin(readers, packageArchive({ name: 'small' })).over
    const longPaths = Object.fromEntries(
      Array.from({ length: 16_000 }, (_, i) => [`${'deep/'.repeat(500)}${i}`, '']),
    )
    const hungry = begin(readers, packageArchive({ files: longPaths }, 'gz'))
    await Promise.all([holder.over, hungry.over])
    expect(holder.state()).toBe('The thread that read the archive has died.')
    const again = begin(readers, whole)
    await again.over
    expect(again.state()).toBe('again')
  })

  test('grows from frame to frame without waiting for itself', async () => {
    const readers = makeReaders(64 * mebibyte)
    const tar = packageTar({ files: { 'usr/x': randomBytes(3000).toString('hex') } })
    const frames = [24, 26, 25].map(async (logarithm, i) => {
      const encoder = createZstdCompress({ params: { [zlib.ZSTD_c_windowLog]: logarithm } })
      const part = tar.subarray(i * 2000, i === 2 ? undefined : (i + 1) * 2000)
      encoder.write(part.subarray(0, 500))
      encoder.end(part.subarray(500))
      return Buffer.concat((await encoder.toArray()) as Uint8Array[])
    })
    const archive = Buffer.concat(await Promise.all(frames))
    const both = [begin(readers, archive), begin(readers, archive)]
    await Promise.all(both.map(({ over }) => over))
    expect(both.map(({ state }) => state())).toEqual(['hello', 'hello'])
  })
})

describe('a server with little memory for decoders', () => {
  test('takes many packages at once, and refuses one that needs more than all of it', async () => {
    const server = await startServer({ settings: { decoder_memory: 32 } })
    const archives = await Promise.all(
      Array.from({ length: 12 }, async (_, i) =>
        i % 3 === 0
          ? packageArchive({ name: `p${i}` }, i % 2 ? 'bz2' : 'xz')
          : packageWithWindow(i % 2 ? 25 : 24, `p${i}`),
      ),
    )
    const responses = await Promise.all(archives.map((archive) => server.publish('repo', archive)))
    expect(responses.map(({ status }) => status)).toEqual(archives.map(() => 200))
    const refused = await server.publish('repo', await packageWithWindow(26))
    expect(await refused.json()).toMatchObject({
      code: 'PACKAGE_INVALID',
      message:
        'The zstd file needs a window of 64 MiB; 32 MiB are allowed, and pacman reads no more than 128 MiB (--long=27).',
    })
  })
})

describe('a server without the programs', () => {
  test.each([
    ['bz2', 'bzip2', 'bzip2'],
    ['lz4', 'lz4', 'lz4'],
    ['lzo', 'lzop', 'lzop'],
    ['lz', 'lzip', 'lzip'],
    ['Z', 'compress', 'gzip'],
  ] as const)('says which one it would need for %s', async (ending, compression, program) => {
    const archive = packageArchive({}, ending)
    vi.stubEnv('PATH', temporaryFolder(onTestFinished))
    onTestFinished(() => void vi.unstubAllEnvs())
    const server = await startServer()
    expect(await (await server.publish('repo', archive)).json()).toMatchObject({
      code: 'PACKAGE_INVALID',
      message: `To read what is compressed with ${compression} so, this server needs the program ${program}, which it does not have.`,
      hint: `Compress the package with zstd, or install ${program} on the server.`,
    })
    expect((await server.publish('repo', compress.zst(packageTar()))).status).toBe(200)
  })
})
