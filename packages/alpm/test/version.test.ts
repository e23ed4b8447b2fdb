import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { compareVersions } from '../src/index.ts'
import { type Pair, versionPairs } from './version-pairs.ts'

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

  test('the real vercmp agrees with this table', async () => {
    expect(await vercmp(ordered.map(([a, b]) => [a, b]))).toEqual(ordered.map(([, , order]) => order))
  })

  test('without a release on one side are compared without it, but never without their epochs', async () => {
    const pairs: Pair[] = [
      ['1.0-1', '1.0'],
      ['1.0', '1.0-9.9'],
      ['1:1.0', '1.0-9'],
      ['1:1.0-1', '2:0'],
      ['0:1.0-1', '1.0'],
      ['1:1.0', '1:1.0-3'],
    ]
    expect(pairs.map(([a, b]) => compareVersions(a, b))).toEqual([0, 0, 1, -1, 0, 0])
    expect(await vercmp(pairs)).toEqual([0, 0, 1, -1, 0, 0])
  })

  const seed = Number(process.env.LAB_SEED ?? Date.now() % 1_000_000)

  test(`the real vercmp agrees on 20,000 pairs, real ones and made ones (LAB_SEED=${seed})`, async () => {
    const pairs = versionPairs(20_000, seed)
    const expected = await vercmp(pairs)
    expect(expected).toHaveLength(20_000)
    const differing = pairs
      .map(([a, b], index) => ({ a, b, vercmp: expected[index], ours: compareVersions(a, b) }))
      .filter(({ vercmp, ours }) => vercmp !== ours)
    expect(differing).toEqual([])
  }, 120_000)
})

/** Each pair through the real program. Two shells for all, the texts only ever on their standard input. */
async function vercmp(pairs: readonly Pair[]): Promise<number[]> {
  const middle = Math.ceil(pairs.length / 2)
  const halves = [pairs.slice(0, middle), pairs.slice(middle)].map(vercmpEach)
  return (await Promise.all(halves)).flat()
}

async function vercmpEach(pairs: readonly Pair[]): Promise<number[]> {
  const script = 'while IFS= read -r a && IFS= read -r b; do vercmp "$a" "$b" || exit 1; done'
  const running = promisify(execFile)('bash', ['-c', script], { maxBuffer: 1 << 20 })
  running.child.stdin?.end(pairs.map(([a, b]) => `${a}\n${b}\n`).join(''))
  const { stdout } = await running
  return stdout.split('\n').filter(Boolean).map(Number)
}
