// How long one small package takes to be published to a repository of 1,000 and of 15,000, beside repo-add in the same run.
import { join } from 'node:path'
import { type Bar, printBars } from './lab/bars.ts'
import { startBenchServer } from './lab/bench-server.ts'
import { fullSize, readFillReport, settleDisks, withFilledCopy, withScratch } from './lab/data-folders.ts'
import { type FillReport, fillDataFolder } from './lab/fill.ts'
import { showStep } from './lab/progress.ts'
import { publishAll } from './lab/publisher.ts'
import { measureRepoAdd } from './lab/repo-add.ts'
import { formatMarkdownTable, median, percentile } from './statistics.ts'
import { makeStock } from './workload/package-stock.ts'
import { makeUpdates } from './workload/updates.ts'

const smallSize = Math.round(fullSize / 15)
const publishRuns = 20
const repoAddRuns = 3

interface Row {
  readonly fill: FillReport
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly repoAdd: number
  /** Bytes. */
  readonly sizes: { readonly db: number; readonly files: number }
}

async function measure(dataFolder: string, fill: FillReport): Promise<Row> {
  const server = await startBenchServer(dataFolder)
  try {
    const updates = makeUpdates(makeStock(fill.packages), publishRuns)
    showStep(`publishing to ${fill.packages} packages`)
    const times = await publishAll(server, updates, { publishers: 1 })
    const repoAdd = await measureRepoAdd(server, makeUpdates(makeStock(fill.packages), repoAddRuns, 3))
    return {
      fill,
      p50: median(times),
      p99: percentile(times, 99),
      repoAdd: median(repoAdd.times),
      sizes: repoAdd.sizes,
    }
  } finally {
    await server.stop()
  }
}

function formatRow({ fill, p50, p99, repoAdd, sizes }: Row): string[] {
  return [
    String(fill.packages),
    String(fill.paths),
    (sizes.db / 1e6).toFixed(1),
    (sizes.files / 1e6).toFixed(1),
    p50.toFixed(1),
    p99.toFixed(1),
    repoAdd.toFixed(0),
    (repoAdd / p50).toFixed(1),
  ]
}

function judge(small: Row, large: Row): Bar[] {
  const faster = large.repoAdd / large.p50
  const slower = large.p50 / small.p50
  return [
    {
      promise: `at ${large.fill.packages} packages at least 300 times as fast as repo-add`,
      figure: `${faster.toFixed(0)} times`,
      holds: faster >= 300,
    },
    {
      promise: `at ${large.fill.packages} packages less than twice the time at ${small.fill.packages}`,
      figure: `${slower.toFixed(2)} times`,
      holds: slower < 2,
    },
  ]
}

const rows: Row[] = []
await withScratch(async (scratch) => {
  const dataFolder = join(scratch, 'data')
  const fill = await fillDataFolder(dataFolder, makeStock(smallSize))
  await settleDisks()
  rows.push(await measure(dataFolder, fill))
})
await withFilledCopy(async (dataFolder) => {
  rows.push(await measure(dataFolder, await readFillReport()))
})

const head = ['packages', 'paths', '.db (MB)', '.files (MB)', 'publish p50 (ms)', 'publish p99 (ms)']
console.log(formatMarkdownTable([...head, 'repo-add median (ms)', 'repo-add ÷ publish'], rows.map(formatRow)))
const [small, large] = rows
if (small && large) printBars(judge(small, large))
