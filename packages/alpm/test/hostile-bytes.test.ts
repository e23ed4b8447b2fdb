import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  databaseTar,
  detectCompression,
  formatDesc,
  packageFilename,
  parsePkginfo,
  readDatabase,
  readPackage,
  readTar,
  readTarBody,
  zstdPieces,
} from '../src/index.ts'
import {
  bytes,
  chunked,
  collect,
  isFormatError,
  minimalPkginfo,
  packageTar,
  patchHeader,
  run,
  temporaryFolder,
  utf8,
} from './support.ts'

type Chunks = AsyncIterable<Uint8Array>

/** Names that fit no ustar header, a long target, a body. */
function archive(...command: readonly [string, ...string[]]): Uint8Array {
  const folder = temporaryFolder()
  const [program, ...options] = command
  mkdirSync(join(folder, 'x'.repeat(180)))
  writeFileSync(join(folder, 'x'.repeat(180), 'y'.repeat(180)), 'deep')
  writeFileSync(join(folder, 'é'), 'body'.repeat(200))
  symlinkSync('target/'.repeat(30), join(folder, 'link'))
  return Uint8Array.from(
    run(program, [...options, '-cf', '-', 'x'.repeat(180), 'é', 'link'], { cwd: folder }),
  )
}

function database(): Uint8Array {
  const pkginfo = parsePkginfo(minimalPkginfo)
  const file = { filename: packageFilename(pkginfo), compressedSize: 10, sha256: 'ab'.repeat(32) }
  const { name, version } = pkginfo
  return bytes(...databaseTar([{ name, version, desc: formatDesc(pkginfo, file), files: '%FILES%\nusr/\n' }]))
}

async function listTar(chunks: Chunks): Promise<unknown> {
  const listed: unknown[] = []
  for await (const entry of readTar(chunks)) {
    listed.push([entry.name, entry.type, entry.linkname, await readTarBody(entry, 1 << 16)])
  }
  return listed
}

async function listFrames(chunks: Chunks): Promise<unknown> {
  const frames: Uint8Array[][] = []
  for (const { frameIndex, bytes: piece } of await collect(zstdPieces(chunks))) {
    frames[frameIndex] ??= []
    frames[frameIndex].push(Uint8Array.from(piece))
  }
  return frames.map((pieces) => bytes(...pieces))
}

const readers: readonly (readonly [string, (chunks: Chunks) => Promise<unknown>, () => Uint8Array])[] = [
  ['a pax archive of bsdtar', listTar, () => archive('bsdtar', '--format=pax')],
  ['a pax archive of GNU tar', listTar, () => archive('tar', '--format=posix')],
  ['an archive of GNU tar', listTar, () => archive('tar', '--format=gnu')],
  [
    'a package',
    readPackage,
    () => packageTar({ '.PKGINFO': minimalPkginfo, '.BUILDINFO': 'format = 2\n', 'usr/': '', 'usr/a': 'a' }),
  ],
  ['a database', readDatabase, database],
  [
    'zstd frames',
    listFrames,
    () => bytes(...['one', 'two'.repeat(999)].map((text) => zstdCompressSync(utf8(text)))),
  ],
]

interface Change {
  readonly at: number
  readonly removed: number
  readonly added: Uint8Array
}

const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.record({
    at: fc.nat(),
    removed: fc.constantFrom(0, 1, 2, 8, 512),
    added: fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom(...['99', '0', '\n', '/../', ' path=', '7777777', '\0'].map(utf8)),
      fc.constant(new Uint8Array(512)),
    ),
  }),
  { minLength: 1, maxLength: 4 },
)

function apply(sample: Uint8Array, all: readonly Change[]): Uint8Array {
  return all.reduce((whole, { at, removed, added }) => {
    const start = at % (whole.length + 1)
    return bytes(whole.subarray(0, start), added, whole.subarray(start + removed))
  }, sample)
}

/** With the checksums of all headers right: without that hardly a change would get further than to them. */
function mended(damaged: Uint8Array): Uint8Array {
  const whole = Uint8Array.from(damaged)
  for (let at = 0; at + 512 <= whole.length; at += 512) {
    const block = whole.subarray(at, at + 512)
    if (Buffer.from(block.subarray(257, 262)).toString('latin1') === 'ustar') {
      block.set(patchHeader(block, () => {}))
    }
  }
  return whole
}

/** What a reader makes of bytes, or the message with which it refuses them. Within two seconds. */
async function outcomeOf(read: (chunks: Chunks) => Promise<unknown>, chunks: Chunks): Promise<unknown> {
  const start = performance.now()
  try {
    return await read(chunks)
  } catch (error) {
    expect(error).toSatisfy(isFormatError)
    return (error as Error).message
  } finally {
    expect(performance.now() - start).toBeLessThan(2_000)
  }
}

describe('given anything, it answers or throws a FormatError, at once, the same however it is cut:', () => {
  test.each(readers)('%s', async (_, read, make) => {
    const sample = make()
    expect(await outcomeOf(read, chunked(sample))).not.toBeTypeOf('string')
    const sizes = fc.array(fc.integer({ min: 1, max: 1_500 }), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(changes, fc.boolean(), sizes, async (some, mends, cuts) => {
        const damaged = mends ? mended(apply(sample, some)) : apply(sample, some)
        const whole = await outcomeOf(read, chunked(damaged))
        expect(await outcomeOf(read, chunked(damaged, cuts))).toEqual(whole)
      }),
      { numRuns: 300 },
    )
  })

  test.each(readers)('%s, cut off anywhere', async (_, read, make) => {
    const sample = make()
    await fc.assert(
      fc.asyncProperty(fc.nat(sample.length - 1), async (end) => {
        await outcomeOf(read, chunked(sample.subarray(0, end)))
      }),
    )
  })

  test('the first bytes of a file, of which the compression is told', () => {
    const heads = fc.tuple(fc.constantFrom(...readers.map(([, , make]) => make)), changes)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 600 }),
          heads.map(([make, some]) => apply(make(), some)),
        ),
        (head) => {
          detectCompression(head)
        },
      ),
      { numRuns: 50 },
    )
  })
})
