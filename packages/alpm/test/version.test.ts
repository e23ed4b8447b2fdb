import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareVersions } from '../src/index.ts'
import { run } from './support.ts'

/** Pairs, one a line, each the older or equal first. */
const ordered = [
  ['1.5.0', '1.5.0', 0],
  ['1.5.0', '1.5.1', -1],
  ['1.5', '1.5.1', -1],
  ['1.5.0-1', '1.5.0-1', 0],
  ['1.5.0-1', '1.5.0-2', -1],
  ['1.5.0-1', '1.5.1-1', -1],
  ['1.5-1', '1.5.1-1', -1],
  ['1.5-2', '1.5.1-1', -1],
  ['1.5', '1.5-1', 0],
  ['1.5-1', '1.5-1.1', -1],
  ['1.1-1', '1.1-10', -1],
  ['1.9', '1.10', -1],
  ['1.0a', '1.0', -1],
  ['1.0rc', '1.0', -1],
  ['1.0alpha', '1.0beta', -1],
  ['1.0beta', '1.0rc', -1],
  ['1.0rc1', '1.0rc2', -1],
  ['1.5', '1.5.b', -1],
  ['1.5.b', '1.5.1', -1],
  ['1.5.a', '1.5.b', -1],
  ['2.0a', '2.0.a', -1],
  ['1.0.', '1.0..', 0],
  ['1.0', '1.0.', -1],
  ['1..0', '1.0', 1],
  ['1.0', '1_0', 0],
  ['01', '1', 0],
  ['1.001', '1.1', 0],
  ['1.0', '1.00', 0],
  ['20230101', '20230102', -1],
  ['99999999999999999999998', '99999999999999999999999', -1],
  ['1', '0:1', 0],
  ['1.0', ':1.0', 0],
  ['9.9-9', '1:0.1-1', -1],
  ['1:1.0-1', '2:0.1-1', -1],
  ['0:1.0-1', '1.1-1', -1],
  ['', '1', -1],
  ['a', '', -1],
  ['', '', 0],
  ['A', 'a', -1],
] as const

describe('versions', () => {
  test.each(ordered)('%j against %j gives %i', (a, b, order) => {
    expect(compareVersions(a, b)).toBe(order)
    expect(compareVersions(b, a)).toBe(order === 0 ? 0 : -order)
  })

  test('the real vercmp agrees with this table', () => {
    expect(vercmp(ordered.map(([a, b]) => [a, b]))).toEqual(ordered.map(([, , order]) => order))
  })

  test('the real vercmp agrees on versions made at random', () => {
    const part = fc.oneof(
      { weight: 4, arbitrary: fc.stringMatching(/^[0-9]{1,3}$/) },
      { weight: 3, arbitrary: fc.constantFrom('.', '_', '+', '~', '..', '-', ':') },
      { weight: 2, arbitrary: fc.constantFrom('a', 'rc', 'beta', 'B', 'git') },
      { weight: 1, arbitrary: fc.constantFrom('0', '00', '01') },
    )
    const version = fc.array(part, { maxLength: 7 }).map((parts) => parts.join(''))
    const near = fc.tuple(version, version, version).map(([head, a, b]) => [head + a, head + b] as const)
    const pairs = fc.array(near, { minLength: 150, maxLength: 150 })
    fc.assert(
      fc.property(pairs, (some) => {
        expect(some.map(([a, b]) => compareVersions(a, b))).toEqual(vercmp(some))
      }),
      { numRuns: 4, endOnFailure: true },
    )
  })
})

/** Each pair through the real program; one shell for all, the texts only ever on its standard input. */
function vercmp(pairs: readonly (readonly [string, string])[]): number[] {
  const script = 'while IFS= read -r a && IFS= read -r b; do vercmp "$a" "$b" || exit 1; done'
  const input = pairs.map(([a, b]) => `${a}\n${b}\n`).join('')
  return run('bash', ['-c', script], { input }).toString().trim().split('\n').map(Number)
}
