import { randomBytes } from 'node:crypto'
import { constants, crc32, deflateRawSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { combineCrc32, crc32Shift, gzipHeader, gzipTrailer } from '../src/index.ts'

const bytes = () => fc.uint8Array({ maxLength: 5000 })

test('the CRC of two strings put together comes from the CRCs of each', () => {
  fc.assert(
    fc.property(bytes(), bytes(), (first, second) => {
      const whole = Buffer.concat([first, second])
      expect(combineCrc32(crc32(first), crc32(second), crc32Shift(second.length))).toBe(crc32(whole))
    }),
  )
})

test('also of long ones', () => {
  const [first, second] = [randomBytes(3_000_001), randomBytes(9_999_991)]
  const whole = Buffer.concat([first, second])
  expect(combineCrc32(crc32(first), crc32(second), crc32Shift(second.length))).toBe(crc32(whole))
})

test('a shift by nothing changes nothing, and shifts add up', () => {
  expect(combineCrc32(0x12345678, 0, crc32Shift(0))).toBe(0x12345678)
  const thrice = [7, 50, 1000].reduce((crc, length) => combineCrc32(crc, 0, crc32Shift(length)), 0xcafebabe)
  expect(thrice).toBe(combineCrc32(0xcafebabe, 0, crc32Shift(1057)))
})

test('pieces that were deflated by themselves are one gzip member between header and trailer', () => {
  const pieces = [randomBytes(1000), Buffer.from('text '.repeat(5000)), Buffer.from('the end')]
  const deflated = pieces.map((piece, index) => {
    const isLast = index === pieces.length - 1
    return deflateRawSync(piece, { finishFlush: isLast ? constants.Z_FINISH : constants.Z_FULL_FLUSH })
  })
  const whole = Buffer.concat(pieces)
  const member = [gzipHeader(), ...deflated, gzipTrailer(crc32(whole), whole.length)]
  expect(gunzipSync(Buffer.concat(member))).toEqual(whole)
})

test('the trailer counts bytes modulo 2³²', () => {
  expect([...gzipTrailer(1, 2 ** 32 + 5)]).toEqual([1, 0, 0, 0, 5, 0, 0, 0])
})
