import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import { constants, zstdCompressSync } from 'node:zlib'
import { FormatError, tarEnd, tarFile, tarHeader } from '@vieter/alpm'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ArchiveFacts, ArchiveLimits } from '../src/archives/archive-facts.ts'
import { type ArchiveReaders, createArchiveReaders } from '../src/archives/archive-readers.ts'
import type { FromReader, ToReader } from '../src/archives/reader-messages.ts'
import type { ArchiveReading } from '../src/archives/reader-thread.ts'
import { sha256 } from './support/folders.ts'
import { packageArchive, packageEntries } from './support/packages.ts'

const mebibyte = 1024 * 1024
const limits: ArchiveLimits = {
  maxUnpackedSize: 4096 * mebibyte,
  maxRatio: 1_000_000,
  maxFiles: 100_000,
  maxWindowSize: 128 * mebibyte,
}
const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const zeroFrame = zstdCompressSync(new Uint8Array(64 * mebibyte), fast)

function makeReaders(options: Parameters<typeof createArchiveReaders>[0] = {}): ArchiveReaders {
  const readers = createArchiveReaders(options)
  onTestFinished(() => readers.stop())
  return readers
}

function open(readers: ArchiveReaders, md5 = false): ArchiveReading {
  return readers.open({ ...limits, md5 })
}

/** Hands bytes over in pieces of one slot, used again and again: whoever looked at taken bytes would see wrong ones. */
async function feed(reading: ArchiveReading, bytes: Uint8Array, size: number): Promise<void> {
  const slot = new Uint8Array(new SharedArrayBuffer(size))
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size)
    slot.set(piece)
    await reading.read(slot.subarray(0, piece.length))
    slot.fill(0xff)
  }
}

async function read(readers: ArchiveReaders, archive: Uint8Array, size = 1000): Promise<ArchiveFacts> {
  const reading = open(readers)
  // The last piece is taken only once it is known that nothing follows.
  const fed = feed(reading, archive.subarray(0, -1), size)
  await fed
  const last = reading.read(archive.subarray(-1))
  reading.end()
  await last
  return reading.facts
}

/** An archive whose list of files needs far more memory than a small heap has. */
function longList(): Buffer {
  const folders = Array.from({ length: 16_000 }, (_, i) =>
    tarHeader({ name: `usr/share/${'deep/'.repeat(500)}${i}/`, type: 'directory' }),
  )
  return zstdCompressSync(Buffer.concat([...packageEntries(), ...folders, tarEnd()]), fast)
}

describe('an archive read in a thread', () => {
  test('tells what the package is, and the hashes of its file', async () => {
    const archive = packageArchive({ files: { 'usr/b': 'b', 'usr/a': 'a' } })
    const reading = open(makeReaders(), true)
    const taken = reading.read(archive)
    reading.end()
    await taken
    expect(await reading.facts).toMatchObject({
      compression: 'zstd',
      pkginfo: { name: 'hello', version: '1.0-1', arch: 'x86_64' },
      files: '%FILES%\nusr/\nusr/a\nusr/b\n',
      size: archive.length,
      sha256: sha256(archive),
      md5: createHash('md5').update(archive).digest('hex'),
    })
  })

  test.each(['zst', 'xz', 'gz', 'tar'] as const)(
    'is the same however it is cut, though the memory of each piece is used again (%s)',
    async (compression) => {
      const files = Object.fromEntries(
        Array.from({ length: 200 }, (_, i) => [`usr/é${'long/'.repeat(i % 40)}${i}`, `${i}`.repeat(i * 7)]),
      )
      const archive = packageArchive({ files }, compression)
      const readers = makeReaders()
      const whole = await read(readers, archive, archive.length)
      expect(whole.sha256).toBe(sha256(archive))
      expect(whole).not.toHaveProperty('md5')
      for (const size of [1, 77, 512, 4096])
        if (archive.length / size < 5000) expect(await read(readers, archive, size)).toEqual(whole)
    },
  )

  test('does not wait for another that is read by the same thread', async () => {
    const readers = makeReaders({ threads: 1 })
    const [slow, quick] = [packageArchive({ name: 'slow' }), packageArchive({ name: 'quick' })]
    const waiting = open(readers)
    await feed(waiting, slow.subarray(0, 20), 20).catch(() => {})
    expect((await read(readers, quick)).pkginfo.name).toBe('quick')
    const rest = waiting.read(slow.subarray(20))
    waiting.end()
    await rest
    expect(await waiting.facts).toMatchObject({ pkginfo: { name: 'slow' }, sha256: sha256(slow) })
  })

  test('is refused with the same error as ever, while more of it was still to come', async () => {
    const bad = zstdCompressSync(Buffer.concat([tarFile('../x', randomBytes(1000)), tarEnd()]))
    const reading = open(makeReaders())
    const taken = reading.read(bad)
    await expect(reading.facts).rejects.toMatchObject({
      reason: 'unsafe',
      field: 'path',
      message: 'The package holds the unsafe path "../x".',
    })
    await expect(taken).rejects.toThrow(FormatError)
    await expect(reading.read(bad)).rejects.toThrow(FormatError)
  })

  test('leaves the event loop alone', async () => {
    const head = tarHeader({ name: 'usr/zeros', size: 768 * mebibyte })
    const zeros = Buffer.concat([
      zstdCompressSync(Buffer.concat([...packageEntries(), head])),
      ...Array.from({ length: 12 }, () => zeroFrame),
      zstdCompressSync(tarEnd()),
    ])
    const readers = makeReaders()
    await read(readers, packageArchive())
    const delay = monitorEventLoopDelay({ resolution: 5 })
    const before = performance.eventLoopUtilization()
    delay.enable()
    const facts = await read(readers, zeros, zeros.length)
    delay.disable()
    expect(facts.files).toContain('usr/zeros\n')
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.25)
    expect(delay.percentile(90) / 1e6).toBeLessThan(50)
  })
})

describe('a thread that dies', () => {
  test('fails the uploads that it read, and the next ones get a new thread', async () => {
    const readers = makeReaders({ threads: 1, heapLimit: 14 })
    const archive = packageArchive()
    const [innocent, hungry] = [open(readers), open(readers)]
    innocent.read(archive.subarray(0, 30)).catch(() => {})
    hungry.read(longList()).catch(() => {})
    hungry.end()
    for (const { facts } of [innocent, hungry])
      await expect(facts).rejects.toThrow('The thread that read the archive has died.')
    expect((await read(readers, archive)).sha256).toBe(sha256(archive))
  })

  test('would not have died of that list with the heap that it has by itself', async () => {
    const archive = longList()
    expect((await read(makeReaders(), archive, mebibyte)).files.split('\n')).toHaveLength(16_004)
  })
})

describe('a reading that is given up', () => {
  test('rejects, and the thread reads on for others', async () => {
    const readers = makeReaders({ threads: 1 })
    const reading = open(readers)
    const taken = reading.read(packageArchive().subarray(0, 50))
    reading.abort()
    await expect(reading.facts).rejects.toThrow('given up')
    await expect(taken).rejects.toThrow('given up')
    expect((await read(readers, packageArchive())).pkginfo.name).toBe('hello')
  })

  test('ends in the thread too, though it would have unpacked for minutes', async () => {
    const head = zstdCompressSync(tarHeader({ name: 'usr/zeros', size: 8 * 1024 ** 3 - 1 }))
    const worker = new Worker(new URL('../src/archives/reader-worker.ts', import.meta.url))
    onTestFinished(async () => void (await worker.terminate()))
    const tell = (message: ToReader) => worker.postMessage(message)
    tell({ kind: 'open', id: 1, options: { ...limits, maxUnpackedSize: 2 ** 50 } })
    tell({
      kind: 'bytes',
      id: 1,
      bytes: Buffer.concat([head, ...Array.from({ length: 2000 }, () => zeroFrame)]),
    })
    tell({ kind: 'abort', id: 1 })
    const [answer] = (await once(worker, 'message')) as [FromReader]
    expect(answer).toMatchObject({ kind: 'fault', id: 1 })
  })
})
