import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { inspectXz, type XzNeeds } from '../src/index.ts'
import { bytes, refusal, run, utf8 } from './support.ts'

const mebibyte = 1 << 20
const text = Uint8Array.from([...utf8('hello '.repeat(10_000)), ...randomBytes(100_000)])

function xz(content: Uint8Array, ...options: readonly string[]): Uint8Array {
  return Uint8Array.from(run('xz', ['-c', ...options], { input: content }))
}

function inspect(
  file: Uint8Array,
  step = file.length,
  maxDictionarySize = 128 * mebibyte,
): XzNeeds | undefined {
  const inspector = inspectXz({ maxDictionarySize })
  for (let at = 0; at < file.length; at += step) inspector.push(file.subarray(at, at + step))
  inspector.end()
  return inspector.needs()
}

describe('an xz file', () => {
  test.each<[string, Uint8Array, XzNeeds | undefined]>([
    ['of level 6', xz(text), { dictionarySize: 8 * mebibyte, check: 4, filters: [] }],
    ['of level 0', xz(text, '-0'), { dictionarySize: mebibyte / 4, check: 4, filters: [] }],
    [
      'with a large dictionary',
      xz(text, '--lzma2=dict=96MiB'),
      { dictionarySize: 96 * mebibyte, check: 4, filters: [] },
    ],
    ['with SHA-256', xz(text, '--check=sha256'), { dictionarySize: 8 * mebibyte, check: 10, filters: [] }],
    ['without a check', xz(text, '--check=none'), { dictionarySize: 8 * mebibyte, check: 0, filters: [] }],
    [
      'with filters',
      xz(text, '--x86', '--delta=dist=4', '--lzma2=dict=1MiB'),
      { dictionarySize: mebibyte, check: 4, filters: [4, 3] },
    ],
    [
      'of many blocks, their sizes in the headers',
      xz(text, '--block-size=10000', '-T2', '-1'),
      { dictionarySize: mebibyte, check: 4, filters: [] },
    ],
    ['of nothing', xz(new Uint8Array(0)), undefined],
    [
      'of several streams and padding',
      bytes(xz(new Uint8Array(0)), xz(text), new Uint8Array(8), xz(text, '-1'), new Uint8Array(4)),
      { dictionarySize: 8 * mebibyte, check: 4, filters: [] },
    ],
  ])('%s tells what it needs, however it is cut', (_what, file, needs) => {
    for (const step of [file.length, 1000, 7, 1]) expect(inspect(file, step)).toEqual(needs)
  })

  test.each<[string, Uint8Array, string]>([
    ['text', utf8('hello'), 'invalid: This is not an xz file.'],
    [
      'text behind it',
      bytes(xz(text), utf8('hello')),
      'trailing-garbage: The xz file goes on behind its last stream with something else.',
    ],
    [
      'zeros that are not padding',
      bytes(xz(text), new Uint8Array(3)),
      'truncated: The xz file is truncated: it ends within a stream.',
    ],
    [
      'odd padding before a stream',
      bytes(xz(text), new Uint8Array(3), xz(text)),
      'invalid: The xz file is damaged: the padding between two streams has an odd length.',
    ],
    [
      'a dictionary above the limit',
      xz(text, '--lzma2=dict=192MiB'),
      'window-too-large: The xz file needs a dictionary of 192 MiB; 128 MiB are allowed.',
    ],
    [
      'a second stream that needs more',
      bytes(xz(text, '-1'), xz(text)),
      'window-too-large: The xz file holds a block that needs a larger dictionary or other filters or checks than its ' +
        'first one: compress the package in one go.',
    ],
  ])('is refused: %s', (_what, file, message) => {
    for (const step of [file.length, 1]) expect(refusal(() => inspect(file, step))).toBe(message)
  })

  test('cut anywhere is truncated', () => {
    const file = bytes(xz(text, '--block-size=50000'), xz(text))
    const first = file.length - xz(text).length
    for (let end = 0; end < file.length; end += Math.abs(end - first) < 40 ? 1 : 997) {
      if (end === first) continue
      expect(refusal(() => inspect(file.subarray(0, end)))).toMatch(/^truncated: /)
    }
  })

  test('damaged at random is walked to its end or refused', () => {
    const file = xz(text, '--block-size=10000')
    for (let at = 0; at < 2000; at++) {
      const damaged = Uint8Array.from(file)
      damaged[(at * 7) % damaged.length] = at
      try {
        inspect(damaged, 4096)
      } catch {
        refusal(() => inspect(damaged, 4096))
      }
    }
  })
})
