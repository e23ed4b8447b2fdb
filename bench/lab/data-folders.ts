import { constants } from 'node:fs'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChecked } from '../../e2e/lab/processes.ts'
import type { FillReport } from './fill.ts'
import { showStep } from './progress.ts'

/** How many packages the large repository has: 15,000, unless a developer is in a hurry. */
export const fullSize = Number(process.env.VIETER_BENCH_PACKAGES ?? 15_000)

/**
 * The folder that scripts/bench.mjs has filled once for all benchmarks: `data` is the server's, fill.json tells how it
 * was filled. Throws when the benchmark was not started by it.
 */
export function findFilledFolder(): { dataFolder: string; reportFile: string } {
  const [, , folder] = process.argv
  if (folder === undefined) throw new Error('This is run by `npm run bench`.')
  return { dataFolder: join(folder, 'data'), reportFile: join(folder, 'fill.json') }
}

export async function saveFillReport(report: FillReport): Promise<void> {
  await writeFile(findFilledFolder().reportFile, JSON.stringify(report))
}

export async function readFillReport(): Promise<FillReport> {
  return JSON.parse(await readFile(findFilledFolder().reportFile, 'utf8')) as FillReport
}

/** Gives a copy of the filled data folder, which is removed afterwards. */
export async function withFilledCopy(use: (dataFolder: string) => Promise<void>): Promise<void> {
  await withScratch(async (scratch) => {
    const copy = join(scratch, 'data')
    showStep('copying the filled data folder')
    await cp(findFilledFolder().dataFolder, copy, { recursive: true, mode: constants.COPYFILE_FICLONE })
    await settleDisks()
    await use(copy)
  })
}

/** Gives a folder, which is removed afterwards. */
export async function withScratch(use: (folder: string) => Promise<void>): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'vieter-bench-'))
  try {
    await use(scratch)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Writes all that waits in memory to the disks, so that no fsync that is measured pays for what was written before. */
export async function settleDisks(): Promise<void> {
  await runChecked('sync', [])
}
