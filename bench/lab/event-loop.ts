import { runChecked } from '../../e2e/lab/processes.ts'
import type { VieterServer } from '../../e2e/lab/vieter.ts'
import { formatMarkdownTable } from '../statistics.ts'

/** How long an event loop held up a timer of 10 ms, these 10 ms included, in milliseconds. */
export interface EventLoopDelay {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** Reads the delay of a server since its start, which counts it with `collect_metrics`. */
export async function readEventLoopDelay({ address }: VieterServer): Promise<EventLoopDelay> {
  const text = await (await fetch(`${address}/api/v1/metrics`)).text()
  const read = (series: string) => {
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `))
    if (!line) throw new Error(`The server exports no ${series}.`)
    return Number(line.slice(series.length)) * 1000
  }
  return {
    p50: read('vieter_event_loop_delay_seconds{quantile="0.5"}'),
    p99: read('vieter_event_loop_delay_seconds{quantile="0.99"}'),
    p999: read('vieter_event_loop_delay_seconds{quantile="0.999"}'),
    max: read('vieter_event_loop_delay_max_seconds'),
  }
}

/** The delays of some event loops, by a name, as a table. */
export function formatDelays(delays: Readonly<Record<string, EventLoopDelay>>): string {
  const rows = Object.entries(delays).map(([name, { p50, p99, p999, max }]) => [
    name,
    ...[p50, p99, p999, max].map((value) => value.toFixed(1)),
  ])
  return formatMarkdownTable(['event loop', 'p50 (ms)', 'p99 (ms)', 'p99.9 (ms)', 'max (ms)'], rows)
}

const idleProgram = `
const delay = require('node:perf_hooks').monitorEventLoopDelay({ resolution: 10 })
delay.enable()
setTimeout(() => {
  const [p50, p99, p999] = [50, 99, 99.9].map((percent) => delay.percentile(percent) / 1e6)
  console.log(JSON.stringify({ p50, p99, p999, max: delay.max / 1e6 }))
}, 10_000)`

/** The same of a process of Node.js that does nothing for ten seconds. */
export async function measureIdleDelay(): Promise<EventLoopDelay> {
  const { stdout } = await runChecked(process.execPath, ['-e', idleProgram])
  return JSON.parse(stdout) as EventLoopDelay
}
