// How soon a server of 15,000 packages answers, and how much memory it takes after 1,000 publishes.
import { readFile } from 'node:fs/promises'
import { get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { findFreePort } from '../e2e/lab/vieter.ts'
import { startBareServer } from './lab/bare-server.ts'
import { printBars } from './lab/bars.ts'
import { startBenchServer } from './lab/bench-server.ts'
import { fullSize, withFilledCopy } from './lab/data-folders.ts'
import { showStep } from './lab/progress.ts'
import { publishAll } from './lab/publisher.ts'
import { formatMarkdownTable, median, percentile } from './statistics.ts'
import type { BenchPackage } from './workload/forge.ts'
import { makeStock } from './workload/package-stock.ts'
import { makeUpdates } from './workload/updates.ts'

const starts = 5
const publishes = 1000
const publishers = 4
/** Milliseconds between two questions whether a server is up. */
const askingInterval = 2
/** Milliseconds from the last publish until memory is looked at. */
const rest = 10_000

interface Running {
  readonly pid: number
  readonly port: number
  readonly apiKey: string
  stop(): Promise<void>
}

/** Starts a server some times, and gives the milliseconds from the process's start to its first answer with 200. */
async function measureStarts(start: (port: number) => Promise<Running>): Promise<number[]> {
  const times: number[] = []
  for (let run = 0; run < starts; run += 1) {
    const port = await findFreePort()
    const started = performance.now()
    const answered = firstHealth(port).then(() => performance.now())
    const [ended, server] = await Promise.all([answered, start(port)])
    times.push(ended - started)
    await server.stop()
  }
  return times
}

async function firstHealth(port: number): Promise<void> {
  while (!(await isHealthy(port))) await delay(askingInterval)
}

function isHealthy(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/health', agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode === 200))
    }).once('error', () => resolve(false))
  })
}

interface Memory {
  /** MiB. */
  readonly resident: number
  readonly peak: number
}

/** What the publishes leave of a server's memory, ten seconds later (proc_pid_status(5): VmRSS, VmHWM). */
async function measureMemory(server: Running, files: readonly BenchPackage[]): Promise<Memory> {
  await publishAll(server, files, { publishers })
  await delay(rest)
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
  const read = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024
  return { resident: read('VmRSS'), peak: read('VmHWM') }
}

async function measureAndStop(server: Running, files: readonly BenchPackage[]): Promise<Memory> {
  try {
    return await measureMemory(server, files)
  } finally {
    await server.stop()
  }
}

await withFilledCopy(async (dataFolder) => {
  showStep(`starting ${starts} times, beside a bare server`)
  const times = await measureStarts((port) => startBenchServer(dataFolder, port))
  const bareTimes = await measureStarts(startBareServer)
  const updates = makeUpdates(makeStock(fullSize), publishes)
  showStep(`publishing ${updates.length} packages, then resting, then the same with a bare server`)
  const memory = await measureAndStop(await startBenchServer(dataFolder), updates)
  const bareMemory = await measureAndStop(await startBareServer(await findFreePort()), updates)
  const format = (name: string, all: readonly number[], { resident, peak }: Memory) => [
    name,
    median(all).toFixed(0),
    percentile(all, 99).toFixed(0),
    resident.toFixed(0),
    peak.toFixed(0),
  ]
  const head = ['', 'start p50 (ms)', 'start p99 (ms)', 'VmRSS (MiB)', 'VmHWM (MiB)']
  const rows = [
    format('vieter server', times, memory),
    format('a bare node:http server', bareTimes, bareMemory),
  ]
  console.log(formatMarkdownTable(head, rows))
  printBars([
    {
      promise: `with ${fullSize} packages from the start of the process to the first /health below 1.5 s`,
      figure: `p99 of ${starts} ${percentile(times, 99).toFixed(0)} ms`,
      holds: percentile(times, 99) < 1500,
    },
    {
      promise: `VmRSS 10 s after ${updates.length} publishes below 250 MiB`,
      figure: `${memory.resident.toFixed(0)} MiB`,
      holds: memory.resident < 250,
    },
  ])
})
