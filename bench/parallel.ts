// How many packages a second 16 publishers get into a repository of 15,000, and how long the event loop is held up.
import { architecture } from '../e2e/lab/architecture.ts'
import { runChecked } from '../e2e/lab/processes.ts'
import type { VieterServer } from '../e2e/lab/vieter.ts'
import { printBars } from './lab/bars.ts'
import { startBenchServer } from './lab/bench-server.ts'
import { fullSize, readFillReport, withFilledCopy } from './lab/data-folders.ts'
import { type EventLoopDelay, formatDelays, measureIdleDelay, readEventLoopDelay } from './lab/event-loop.ts'
import { showProgress, showStep } from './lab/progress.ts'
import { publishAll, repository } from './lab/publisher.ts'
import { measureRepoAdd } from './lab/repo-add.ts'
import { formatMarkdownTable, median, percentile } from './statistics.ts'
import type { BenchPackage } from './workload/forge.ts'
import { makeStock } from './workload/package-stock.ts'
import { makeUpdates } from './workload/updates.ts'

const publishers = 16
const publishes = 2048
const repoAddRuns = 3

interface Outcome {
  readonly publishes: number
  /** How many of them the database has after a kill -9 and a restart. */
  readonly durable: number
  readonly seconds: number
  /** Milliseconds of each publish. */
  readonly times: readonly number[]
  readonly eventLoop: EventLoopDelay
  /** Milliseconds. */
  readonly repoAdd: number
}

async function measure(dataFolder: string): Promise<Outcome> {
  const stock = makeStock(fullSize)
  const updates = makeUpdates(stock, publishes)
  let server = await startBenchServer(dataFolder)
  try {
    const started = performance.now()
    const times = await publishAll(server, updates, {
      publishers,
      onPublished: (count) => showProgress(`${publishers} publishers`, count, updates.length),
    })
    const seconds = (performance.now() - started) / 1000
    const eventLoop = await readEventLoopDelay(server)
    await server.kill()
    server = await startBenchServer(dataFolder)
    const durable = await countServed(server, updates)
    const repoAdd = await measureRepoAdd(server, makeUpdates(stock, repoAddRuns, 3))
    return { publishes: updates.length, durable, seconds, times, eventLoop, repoAdd: median(repoAdd.times) }
  } finally {
    await server.stop()
  }
}

/** How many of the packages are in the database with this version, as bsdtar reads it. */
async function countServed({ address }: VieterServer, files: readonly BenchPackage[]): Promise<number> {
  const response = await fetch(`${address}/${repository}/${architecture}/${repository}.db`)
  const { stdout } = await runChecked('bsdtar', ['-tf', '-'], { input: await response.bytes() })
  const entries = new Set(stdout.split('\n'))
  return files.filter(({ name, version }) => entries.has(`${name}-${version}/desc`)).length
}

function printRates({ publishes, seconds, times, repoAdd }: Outcome): void {
  const rows = [
    [
      `${publishers} publishers`,
      (publishes / seconds).toFixed(1),
      median(times).toFixed(0),
      percentile(times, 99).toFixed(0),
    ],
    ['repo-add', (1000 / repoAdd).toFixed(3), repoAdd.toFixed(0), ''],
  ]
  console.log(formatMarkdownTable(['', 'packages a second', 'p50 (ms)', 'p99 (ms)'], rows))
}

const fill = await readFillReport()
showStep('watching an idle process for ten seconds')
const idle = await measureIdleDelay()
await withFilledCopy(async (dataFolder) => {
  const outcome = await measure(dataFolder)
  const rate = outcome.publishes / outcome.seconds
  const delay = Math.max(fill.eventLoop.p999, outcome.eventLoop.p999)
  printRates(outcome)
  console.log(
    `\n${formatDelays({
      [`filling with ${fill.packages} packages, ${(fill.packages / fill.seconds).toFixed(0)} a second`]:
        fill.eventLoop,
      [`${publishers} publishers`]: outcome.eventLoop,
      'an idle Node.js': idle,
    })}`,
  )
  printBars([
    {
      promise: `at ${fill.packages} packages at least 150 publishes a second`,
      figure: rate.toFixed(1),
      holds: rate >= 150,
    },
    {
      promise: 'every acknowledged one in the database after kill -9',
      figure: `${outcome.durable} of ${outcome.publishes}`,
      holds: outcome.durable === outcome.publishes,
    },
    {
      promise: 'event-loop delay p99.9 below 50 ms, the filling included',
      figure: `${delay.toFixed(1)} ms`,
      holds: delay < 50,
    },
  ])
})
