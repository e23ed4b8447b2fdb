import { type BenchPackage, forge } from '../workload/forge.ts'
import type { StockPackage } from '../workload/package-stock.ts'
import { startBenchServer } from './bench-server.ts'
import { type EventLoopDelay, readEventLoopDelay } from './event-loop.ts'
import { showProgress } from './progress.ts'
import { publishAll } from './publisher.ts'

/** How a data folder was filled. */
export interface FillReport {
  readonly packages: number
  readonly paths: number
  readonly seconds: number
  readonly eventLoop: EventLoopDelay
}

/** So many that the server commits them in large groups. */
const publishers = 48

/** Fills a data folder that is empty by publishing each package of the stock to a server, which it stops again. */
export async function fillDataFolder(
  dataFolder: string,
  stock: readonly StockPackage[],
): Promise<FillReport> {
  let paths = 0
  function* forgeEach(): Generator<BenchPackage> {
    for (const pkg of stock) {
      const file = forge(pkg)
      paths += file.pathCount
      yield file
    }
  }
  const server = await startBenchServer(dataFolder)
  try {
    const started = performance.now()
    await publishAll(server, forgeEach(), {
      publishers,
      onPublished: (count) => showProgress('filling', count, stock.length),
    })
    const seconds = (performance.now() - started) / 1000
    return { packages: stock.length, paths, seconds, eventLoop: await readEventLoopDelay(server) }
  } finally {
    await server.stop()
  }
}
