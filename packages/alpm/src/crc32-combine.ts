/*
 * The CRC-32 of gzip (RFC 1952 §8) of two strings put together, from the CRCs of each. A CRC is a polynomial over GF(2)
 * modulo the generator, kept with its bits reversed: the highest bit is x⁰. Bytes that follow multiply what stands
 * before them by x⁸ each, so that crc(AB) = crc(A) · x^(8·|B|) + crc(B).
 */

const generator = 0xedb88320
const one = 0x80000000
const x = 0x40000000

function multiply(a: number, b: number): number {
  let product = 0
  let shifted = b | 0
  for (let rest = a | 0; rest !== 0; rest <<= 1) {
    if (rest < 0) product ^= shifted
    shifted = shifted & 1 ? (shifted >>> 1) ^ generator : shifted >>> 1
  }
  return product >>> 0
}

/** x^(2^n) for n from 0 on: enough for lengths up to 2^50 bytes. */
const squares: readonly number[] = Array.from({ length: 53 }).reduce<number[]>((powers) => {
  const last = powers.at(-1)
  return [...powers, last === undefined ? x : multiply(last, last)]
}, [])

/** What following bytes, so many of them, multiply a CRC by. */
export function crc32Shift(length: number): number {
  let shift = one
  let rest = length
  for (let power = 3; rest > 0; power += 1) {
    if (rest % 2 === 1) shift = multiply(squares[power] ?? 0, shift)
    rest = Math.floor(rest / 2)
  }
  return shift
}

/** The CRC of A followed by B, from those of A and of B, and `crc32Shift` of B's length in bytes. */
export function combineCrc32(first: number, second: number, shift: number): number {
  return (multiply(first, shift) ^ second) >>> 0
}
