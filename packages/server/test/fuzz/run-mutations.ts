import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { makeCorpus } from '../../../../e2e/lab/corpus.ts'
import { makeRandom, type Random } from '../../../../e2e/lab/random.ts'
import { type Compression, compress } from '../support/packages.ts'
import { createJudge } from './judge.ts'
import { mutateBytes, mutateTar, spliceTars } from './mutate.ts'

/** What became of the cases of a run. */
interface Tally {
  taken: number
  refused: number
  /** What went wrong, with the file in which the case was kept. */
  failures: string[]
}

const compressions = Object.keys(compress) as Compression[]

/** Case `index` of a seed: each can be seen again by itself. */
function makeCase(tars: readonly Buffer[], random: Random): Buffer {
  const tar = random.pick(tars)
  const compression = random.percent(50) ? 'zst' : random.pick(compressions)
  const kind = random.below(20)
  if (kind < 4) return mutateBytes(compress[compression](tar), random)
  if (kind < 6) return compress[compression](spliceTars(tar, random.pick(tars), random))
  return compress[compression](mutateTar(tar, random))
}

/** Mutates packages that real makepkg made into `folder`, and has each case judged. */
export async function runMutations(count: number, seed: number, folder: string): Promise<Tally> {
  await makeCorpus(folder)
  const tars = readdirSync(folder)
    .sort()
    .map((name) => zstdDecompressSync(readFileSync(join(folder, name))))
  const judge = createJudge()
  const tally: Tally = { taken: 0, refused: 0, failures: [] }
  try {
    for (let index = 0; index < count; index++) {
      const archive = makeCase(tars, makeRandom(seed + index * 7919))
      try {
        const refusal = await judge.judge(archive)
        if (refusal === undefined) tally.taken += 1
        else tally.refused += 1
      } catch (fault) {
        tally.failures.push(
          `${keep(archive, seed, index)}: ${fault instanceof Error ? fault.message : fault}`,
        )
      }
    }
  } finally {
    await judge.stop()
  }
  return tally
}

/** Keeps a case for whoever looks into it; worth a place in `test/found` once it is small. */
function keep(archive: Buffer, seed: number, index: number): string {
  const folder = join(tmpdir(), 'vieter-mutations')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${seed}-${index}.bin`)
  writeFileSync(path, archive)
  return path
}
