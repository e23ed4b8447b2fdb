import { execFileSync } from 'node:child_process'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, gunzipSync, inflateRawSync } from 'node:zlib'
import { type DatabaseEntry, readDatabase } from '@vieter/alpm'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { compactPack } from '../src/databases/compact-packs.ts'
import { layOut } from '../src/databases/database-layout.ts'
import { rebuildDatabases, updateDatabases } from '../src/databases/database-writer.ts'
import type { WantedEntries } from '../src/databases/entry-reader.ts'
import { type DatabaseKind, emptyManifest, isInRange, type Manifest } from '../src/databases/manifest.ts'
import { type PackFiles, packFiles } from '../src/databases/pack-files.ts'
import { openDatabase } from '../src/databases/read-database.ts'
import { renderEntries } from '../src/databases/render-entries.ts'
import { filesIn, temporaryFolder } from './support/folders.ts'

/** An arch-repo's databases without the rest of the server: the entries are in a map. */
function makeArchRepo() {
  const folder = temporaryFolder(onTestFinished)
  const entries = new Map<string, DatabaseEntry>()
  const sorted = () => [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  const entriesOf = (kind: DatabaseKind) =>
    sorted().map(
      ({ files, ...one }): DatabaseEntry => (kind === 'files' ? { ...one, files: files ?? '' } : one),
    )
  const archRepo = {
    folder,
    packs: packFiles(folder),
    entries,
    manifest: emptyManifest as Manifest,
    parts: () => ({
      packs: archRepo.packs,
      renderers: {
        render: async ({ range, kind }: WantedEntries) =>
          renderEntries(
            entriesOf(kind).filter(({ name }) => isInRange(name, range)),
            kind,
            'thorough',
          ),
        close: async () => {},
      },
      format: { md5sum: false, pgpsig: false },
    }),
    /** Publishes and removes (undefined), as one group. */
    async change(changes: Record<string, DatabaseEntry | undefined>): Promise<void> {
      for (const [name, entry] of Object.entries(changes)) {
        if (entry) entries.set(name, entry)
        else entries.delete(name)
      }
      archRepo.manifest = await updateDatabases(archRepo.parts(), 1, {
        manifest: archRepo.manifest,
        changes: Object.keys(changes).map((name) => ({ name, gone: true })),
      })
    },
    async rebuild(): Promise<void> {
      const names = sorted().map(({ name }) => name)
      archRepo.manifest = await rebuildDatabases(archRepo.parts(), 1, { names, changes: [] })
    },
    served: (kind: DatabaseKind) => serve(archRepo.packs, archRepo.manifest, kind),
    expected: entriesOf,
  }
  onTestFinished(() => archRepo.packs.close())
  return archRepo
}

async function serve(packs: PackFiles, manifest: Manifest, kind: DatabaseKind): Promise<Buffer> {
  const blob = await openDatabase(packs, 1, layOut(manifest[kind]))
  const bytes = Buffer.alloc(blob.size)
  expect(await blob.read(bytes, 0)).toBe(blob.size)
  await blob.close()
  return bytes
}

/** Reads a database as a strict reader does: one gzip member, nothing behind it, lengths and sums right. */
async function readStrictly(bytes: Buffer): Promise<DatabaseEntry[]> {
  const { buffer, engine } = inflateRawSync(bytes.subarray(10), { info: true }) as unknown as {
    buffer: Buffer
    engine: { bytesWritten: number }
  }
  expect(engine.bytesWritten).toBe(bytes.length - 18)
  expect(bytes.readUInt32LE(bytes.length - 8)).toBe(crc32(buffer))
  expect(bytes.readUInt32LE(bytes.length - 4)).toBe(buffer.length)
  return readDatabase(
    (async function* () {
      yield buffer
    })(),
  )
}

function entry(name: string, { version = '1-1', paths = 3 } = {}): DatabaseEntry {
  const list = Array.from({ length: paths }, (_, i) => `usr/share/${name}/${i}-${version}`)
  const desc = [
    ['FILENAME', `${name}-${version}-any.pkg.tar.zst`],
    ['NAME', name],
    ['VERSION', version],
    ['CSIZE', '1'],
    ['SHA256SUM', 'a'.repeat(64)],
    ['ARCH', 'any'],
  ]
  return {
    name,
    version,
    desc: desc.map(([field, value]) => `%${field}%\n${value}\n\n`).join(''),
    files: `%FILES%\n${list.join('\n')}\n`,
  } as unknown as DatabaseEntry
}

/** `prefix-0000` and so on, with longer lists of files now and then. */
function many(count: number, prefix = 'package'): Record<string, DatabaseEntry> {
  const names = Array.from({ length: count }, (_, i) => `${prefix}-${String(i).padStart(4, '0')}`)
  return Object.fromEntries(names.map((name, i) => [name, entry(name, { paths: i % 50 === 0 ? 3000 : 20 })]))
}

async function expectWhole(archRepo: ReturnType<typeof makeArchRepo>): Promise<void> {
  for (const kind of ['db', 'files'] as const)
    expect(await readStrictly(await archRepo.served(kind))).toEqual(archRepo.expected(kind))
}

describe('a database in segments', () => {
  test('without any entry is a whole, empty archive', async () => {
    const archRepo = makeArchRepo()
    await archRepo.rebuild()
    await expectWhole(archRepo)
    expect(gunzipSync(await archRepo.served('db'))).toEqual(Buffer.alloc(1024))
  })

  test('holds exactly what was published and not removed, through any changes', async () => {
    const name = fc.constantFrom(...Object.keys(many(400)))
    const published = fc.record({
      version: fc.constantFrom('1-1', '2-1'),
      paths: fc.integer({ min: 0, max: 4000 }),
    })
    const group = fc.dictionary(name, fc.option(published, { nil: undefined }), { minKeys: 1, maxKeys: 30 })
    await fc.assert(
      fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 6 }), async (groups) => {
        const archRepo = makeArchRepo()
        for (const changes of groups) {
          await archRepo.change(
            Object.fromEntries(
              Object.entries(changes).map(([key, options]) => [key, options && entry(key, options)]),
            ),
          )
          await expectWhole(archRepo)
        }
      }),
      { numRuns: 8 },
    )
  })

  test('is the same, byte for byte of tar, whether it grew or was written at once', async () => {
    const archRepo = makeArchRepo()
    for (const [name, one] of Object.entries(many(60))) await archRepo.change({ [name]: one })
    const grown = gunzipSync(await archRepo.served('files'))
    await archRepo.rebuild()
    expect(gunzipSync(await archRepo.served('files')).equals(grown)).toBe(true)
  })

  test('is read by gzip, GNU tar, bsdtar and Python', async () => {
    const archRepo = makeArchRepo()
    await archRepo.change(many(700))
    await archRepo.change({ 'package-0300': entry('package-0300', { version: '1:2.0-3' }) })
    for (const kind of ['db', 'files'] as const) {
      const path = join(archRepo.folder, `served.${kind}`)
      writeFileSync(path, await archRepo.served(kind))
      const members = 700 * (kind === 'db' ? 2 : 3)
      const count = (program: string, ...options: string[]) =>
        execFileSync(program, [...options, path], { encoding: 'utf8', maxBuffer: 1 << 26 })
      expect(count('gzip', '-t')).toBe('')
      expect(count('tar', '-tzf').trimEnd().split('\n')).toHaveLength(members)
      expect(count('bsdtar', '-tf').trimEnd().split('\n')).toHaveLength(members)
      const script = 'import sys, tarfile; print(len(tarfile.open(sys.argv[1]).getnames()))'
      expect(count('python3', '-c', script).trim()).toBe(String(members))
    }
  })

  test('is read at any place in pieces of any size', async () => {
    const archRepo = makeArchRepo()
    await archRepo.change(many(500))
    await archRepo.change({ 'package-0200': entry('package-0200', { version: '2-1' }) })
    const whole = await archRepo.served('files')
    const blob = await openDatabase(archRepo.packs, 1, layOut(archRepo.manifest.files))
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length + 20), fc.nat(200_000), async (position, size) => {
        const target = Buffer.alloc(size)
        const count = await blob.read(target, position)
        expect(target.subarray(0, count).equals(whole.subarray(position, position + size))).toBe(true)
        expect(count).toBe(Math.max(0, Math.min(size, whole.length - position)))
      }),
    )
    await blob.close()
  })
})

describe('a publish', () => {
  test('renders the segments that it touches, and no others', async () => {
    const archRepo = makeArchRepo()
    await archRepo.change(many(2000))
    const before = archRepo.manifest
    await archRepo.change({ 'package-1001': entry('package-1001', { version: '2-1', paths: 20 }) })
    for (const kind of ['db', 'files'] as const) {
      const fresh = archRepo.manifest[kind].filter((segment) => !before[kind].includes(segment))
      expect(before[kind].length).toBeGreaterThan(20)
      expect(fresh).toHaveLength(1)
    }
  })

  test('keeps segments near their size, however entries come and go', async () => {
    const archRepo = makeArchRepo()
    for (let i = 0; i < 12; i++) await archRepo.change(many(100, `p${i % 4}-${i}`))
    for (const name of [...archRepo.entries.keys()])
      if (!name.endsWith('0')) await archRepo.change({ [name]: undefined })
    await expectWhole(archRepo)
    const sizes = archRepo.manifest.db.map(({ size }) => size)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * 1024)
    expect(sizes.reduce((sum, size) => sum + size, 0) / sizes.length).toBeGreaterThan(32 * 1024)
  })

  test('leaves a large list of files in a segment of its own', async () => {
    const archRepo = makeArchRepo()
    await archRepo.change({ ...many(40), 'package-0007b': entry('package-0007b', { paths: 40_000 }) })
    const large = archRepo.manifest.files.filter(({ size }) => size > 1_000_000)
    expect(large.map(({ firstName }) => firstName)).toEqual(['package-0007b'])
  })
})

describe('packs', () => {
  test('that are mostly unused are emptied and dropped; who reads them goes on', async () => {
    const archRepo = makeArchRepo()
    await archRepo.change(many(300))
    const reading = await openDatabase(archRepo.packs, 1, layOut(archRepo.manifest.files))
    const whole = await archRepo.served('files')
    await archRepo.packs.finish(1)
    for (const [name, one] of Object.entries(many(280))) archRepo.entries.set(name, { ...one })
    await archRepo.change(many(280))
    let spare: number | undefined
    for (let steps = 0; spare === undefined; steps += 1) {
      expect(steps).toBeLessThan(100)
      const compaction = await compactPack(archRepo.packs, 1, archRepo.manifest)
      archRepo.manifest = compaction?.manifest ?? emptyManifest
      spare = compaction?.spare
      await expectWhole(archRepo)
    }
    expect(spare).toBe(1)
    await archRepo.packs.drop(1, 1)
    expect(filesIn(archRepo.folder)).toEqual(['1/2.pack'])
    await expectWhole(archRepo)
    const bytes = Buffer.alloc(reading.size)
    await reading.read(bytes, 0)
    expect(bytes.equals(whole)).toBe(true)
    await reading.close()
    expect(await compactPack(archRepo.packs, 1, archRepo.manifest)).toBeUndefined()
  })

  test('are gone on with after a restart, behind whatever a dead server has left', async () => {
    const archRepo = makeArchRepo()
    await archRepo.change(many(10))
    await archRepo.packs.close()
    archRepo.packs = packFiles(archRepo.folder)
    writeFileSync(join(archRepo.folder, '1/1.pack'), 'torn', { flag: 'a' })
    await archRepo.change({ zebra: entry('zebra') })
    expect(filesIn(archRepo.folder)).toEqual(['1/1.pack'])
    await expectWhole(archRepo)
  })

  test('that are shorter than their segments are told, not served', async () => {
    const archRepo = makeArchRepo()
    await archRepo.change(many(10))
    truncateSync(join(archRepo.folder, '1/1.pack'), 100)
    await expect(archRepo.served('files')).rejects.toThrow('shorter than its segments')
  })
})
