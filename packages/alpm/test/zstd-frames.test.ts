import { constants, createZstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inspectZstdFrames, type ZstdLimits, zstdPieces } from '../src/index.ts'
import { bytes, chunked, collect, refusal, refusalOf, run, utf8 } from './support.ts'

/** Each frame's bytes, put together from its pieces. */
async function frames(
  whole: Uint8Array,
  sizes?: readonly number[],
  limits?: ZstdLimits,
): Promise<Uint8Array[]> {
  const found: Uint8Array[] = []
  let open = false
  for await (const piece of zstdPieces(chunked(whole, sizes), limits)) {
    expect(piece.frameIndex).toBe(open ? found.length - 1 : found.length)
    if (!open) found.push(piece.bytes)
    else found[piece.frameIndex] = bytes(found[piece.frameIndex] ?? new Uint8Array(), piece.bytes)
    open = !piece.endsFrame
  }
  expect(open).toBe(false)
  return found
}

function compress(text: string, checksum = false): Uint8Array {
  return zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0 } })
}

function skippable(length: number): Uint8Array {
  return bytes(Uint8Array.of(0x53, 0x2a, 0x4d, 0x18, length, 0, 0, 0), new Uint8Array(length).fill(0xfd))
}

/** A frame that declares a window by its descriptor, with one empty block. */
function frameOfWindow(descriptor: number): Uint8Array {
  return Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, descriptor, 1, 0, 0)
}

/** A frame of a single segment, with a content size of 8 bytes. */
function frameOfContentSize(size: bigint): Uint8Array {
  const frame = new Uint8Array(16)
  frame.set([0x28, 0xb5, 0x2f, 0xfd, 0xe0])
  new DataView(frame.buffer).setBigUint64(5, size, true)
  frame[13] = 1
  return frame
}

describe('zstd frames', () => {
  const texts = fc.array(
    fc.oneof(
      fc.constant(''),
      fc.string({ maxLength: 300 }),
      fc.nat(600_000).map((length) => 'a'.repeat(length)),
      fc.nat(300).map((length) => Array.from({ length }, (_, i) => i * i).join()),
    ),
    { minLength: 1, maxLength: 4 },
  )

  test('are found wherever the bytes are cut, skippable frames left out', async () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 700 })), {
      minLength: 1,
    })
    await fc.assert(
      fc.asyncProperty(texts, sizes, fc.boolean(), async (some, cuts, checksum) => {
        const written = some.map((text) => compress(text, checksum))
        const whole = bytes(skippable(0), ...written.flatMap((frame, i) => [frame, skippable(i)]))
        const found = await frames(whole, cuts)
        expect(found).toEqual(written.map((frame) => Uint8Array.from(frame)))
        expect(found.map((frame) => zstdDecompressSync(frame).toString())).toEqual(some)
      }),
    )
  })

  test('of the zstd program, several in a file, are found', async () => {
    const input = Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 104_729).join()
    const first = Uint8Array.from(run('zstd', ['-c', '--check'], { input }))
    const second = Uint8Array.from(run('zstd', ['-c', '--no-check', '-19', '--long=27'], { input: 'second' }))
    expect(await frames(bytes(first, second), [4_096])).toEqual([first, second])
  })

  test('of a window of up to 128 MiB are taken', async () => {
    expect(await frames(frameOfWindow(17 << 3))).toHaveLength(1)
    expect(await frames(frameOfContentSize(128n << 20n))).toHaveLength(1)
  })
})

describe('a zstd file is refused', () => {
  const message = (size: string) =>
    `window-too-large: The zstd file needs a window of ${size} MiB; 128 MiB are allowed, and pacman reads no more than ` +
    '128 MiB (--long=27).'

  test('for a window above 128 MiB, before any byte of that frame is handed out', async () => {
    expect(await refusalOf(frames(frameOfWindow(21 << 3)))).toBe(message('2048'))
    expect(await refusalOf(frames(frameOfWindow((17 << 3) | 1)))).toBe(message('144'))
    expect(await refusalOf(frames(frameOfContentSize((128n << 20n) + 1n)))).toBe(message('129'))
    expect(await refusalOf(frames(frameOfContentSize(1n << 63n)))).toBe(message('8796093022208'))
    const inspector = inspectZstdFrames()
    const header = frameOfWindow(21 << 3)
    expect(inspector.push(header.subarray(0, 5))).toEqual([])
    expect(refusal(() => inspector.push(header.subarray(5)))).toBe(message('2048'))
  })

  test('for a window above 128 MiB, made by a real encoder', async () => {
    const encoder = createZstdCompress({
      params: { [constants.ZSTD_c_windowLog]: 28, [constants.ZSTD_c_compressionLevel]: 1 },
    })
    encoder.end('hello')
    expect(await refusalOf(frames(bytes(...(await collect(encoder)))))).toBe(message('256'))
  })

  test('cut anywhere', async () => {
    const whole = bytes(compress('hello'.repeat(50), true), skippable(5), compress('', false))
    const first = compress('hello'.repeat(50), true).length
    for (let end = 1; end < whole.length; end++) {
      if (end === first || end === first + 13) continue
      expect(await refusalOf(frames(whole.subarray(0, end), [7]))).toBe(
        'truncated: The zstd file is truncated: it ends within a frame.',
      )
    }
    expect(await refusalOf(frames(new Uint8Array()))).toMatch(/^truncated: /)
  })

  test('with garbage behind its last frame', async () => {
    const frame = compress('hello')
    for (const garbage of ['\0', 'x', '(', 'hello, world', '\u0028x']) {
      const reason =
        garbage === '(' ? /^truncated: / : /^trailing-garbage: The zstd file goes on behind its last frame/
      expect(await refusalOf(frames(bytes(frame, utf8(garbage)), [3]))).toMatch(reason)
    }
  })

  test.each<[string, Uint8Array, string]>([
    ['text', utf8('hello, world'), 'invalid: This is not a zstd file.'],
    ['a little text', utf8('he'), 'invalid: This is not a zstd file.'],
    [
      'a reserved bit',
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 8, 0, 1, 0, 0),
      'invalid: The zstd file is damaged: a frame sets a reserved bit.',
    ],
    [
      'a dictionary',
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7, 1, 0, 0),
      'invalid: The zstd file needs a dictionary, which pacman does not have.',
    ],
    [
      'a block of a reserved type',
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0, 7, 0, 0),
      'invalid: The zstd file is damaged: a block has an impossible header.',
    ],
    [
      'a block above 128 KiB',
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0xff, 0xff, 0xf8),
      'invalid: The zstd file is damaged: a block has an impossible header.',
    ],
  ])('for %s', async (_what, whole, expected) => {
    expect(await refusalOf(frames(whole))).toBe(expected)
  })

  test('for too many frames', async () => {
    const whole = bytes(...Array.from({ length: 4 }, () => compress('')))
    expect(await refusalOf(frames(whole, [10], { maxFrames: 3 }))).toBe(
      'too-large: The zstd file has more than 3 frames.',
    )
  })
})
