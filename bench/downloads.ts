// What serving costs the server: packages of 100 MB to 8 clients, and 304 answers, beside nginx with sendfile in the same run.
import { randomBytes } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { forgePackage, type PackageFile } from '../e2e/lab/forge.ts'
import { startNginx } from '../e2e/lab/nginx.ts'
import { runChecked } from '../e2e/lab/processes.ts'
import { startServer } from '../e2e/lab/vieter.ts'
import { formatMarkdownTable, percentile } from './statistics.ts'

const packageSize = 100_000_000
const clients = 8
const downloadsOfClient = 3
const connections = 16
const requestsOfConnection = 4000
/** Both servers take turns, so that a machine that is busy for a while is unfair to none. */
const rounds = 3
/** Of the times in /proc/PID/stat, which Linux gives to all programs in this unit (proc(5)). */
const ticksPerSecond = 100

/** A server, with the paths of what it has of the same bytes. */
interface Contestant {
  port: number
  pids: readonly number[]
  packagePath: string
  databasePath: string
}

interface Measured {
  /** Seconds of CPU time of the server. */
  cpu: number
  /** Milliseconds of each download, or of each request. */
  times: number[]
  /** Seconds that all took together. */
  duration: number
}

function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((sum, one) => sum + one, 0) / ticksPerSecond
}

async function measure(contestant: Contestant, load: (times: number[]) => Promise<void>): Promise<Measured> {
  const times: number[] = []
  const before = cpuSeconds(contestant.pids)
  const started = performance.now()
  await load(times)
  const duration = (performance.now() - started) / 1000
  return { cpu: cpuSeconds(contestant.pids) - before, times, duration }
}

/** curl, since it takes bytes faster than anything written in JavaScript. */
async function download({ port, packagePath }: Contestant, times: number[]): Promise<void> {
  const address = `http://127.0.0.1:${port}${packagePath}`
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let count = 0; count < downloadsOfClient; count += 1) {
        const { stdout } = await runChecked('curl', [
          '-sS',
          '--fail',
          '-o',
          '/dev/null',
          '-w',
          '%{size_download} %{time_total}',
          address,
        ])
        const [size, seconds] = stdout.split(' ')
        if (Number(size) < packageSize) throw new Error(`${address}: only ${size} bytes`)
        times.push(Number(seconds) * 1000)
      }
    }),
  )
}

/** Asks again and again on connections that are kept, as pacman does with a database that hasn't changed. */
async function askUnchanged(
  { port, databasePath }: Contestant,
  since: string,
  times: number[],
): Promise<void> {
  const request = `GET ${databasePath} HTTP/1.1\r\nHost: x\r\nUser-Agent: pacman/6.0.2\r\nIf-Modified-Since: ${since}\r\n\r\n`
  const ask = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1').setEncoding('latin1')
      let left = requestsOfConnection
      let sentAt = 0
      let answer = ''
      const next = () => {
        sentAt = performance.now()
        socket.write(request)
      }
      socket.on('data', (text: string) => {
        answer += text
        if (!answer.endsWith('\r\n\r\n')) return
        if (!answer.startsWith('HTTP/1.1 304 ')) return void socket.destroy(new Error(answer))
        times.push(performance.now() - sentAt)
        answer = ''
        left -= 1
        if (left > 0) next()
        else socket.end(resolve)
      })
      socket.once('error', reject)
      socket.once('connect', next)
    })
  await Promise.all(Array.from({ length: connections }, ask))
}

async function dateOf({ port, databasePath }: Contestant): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${databasePath}`)
  await response.arrayBuffer()
  return response.headers.get('last-modified') ?? ''
}

function together(parts: readonly Measured[]): Measured {
  return {
    cpu: parts.reduce((sum, { cpu }) => sum + cpu, 0),
    times: parts.flatMap(({ times }) => times),
    duration: parts.reduce((sum, { duration }) => sum + duration, 0),
  }
}

/** Measures both in turn. */
async function compare(
  ours: Contestant,
  peer: Contestant,
  load: (contestant: Contestant, times: number[]) => Promise<void>,
): Promise<{ ours: Measured; peer: Measured }> {
  const measured: { ours: Measured[]; peer: Measured[] } = { ours: [], peer: [] }
  await load(ours, [])
  await load(peer, [])
  for (let round = 0; round < rounds; round += 1) {
    measured.ours.push(await measure(ours, (times) => load(ours, times)))
    measured.peer.push(await measure(peer, (times) => load(peer, times)))
  }
  return { ours: together(measured.ours), peer: together(measured.peer) }
}

function makeLargePackage(): PackageFile {
  const files = { 'usr/share/large/noise': randomBytes(packageSize) }
  return forgePackage({ name: 'large', version: '1.0-1', arch: 'x86_64', files })
}

/** The very file that Vieter serves: how it lies in memory matters as much as who reads it. */
function largestFileIn(folder: string): string {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path))
  const [largest] = paths.toSorted((a, b) => statSync(b).size - statSync(a).size)
  return largest ?? ''
}

function describe(measured: Measured, unit: { count: number; scale: number }): string[] {
  const { cpu, times } = measured
  return [
    ((cpu / unit.count) * unit.scale).toFixed(1),
    percentile(times, 50).toFixed(2),
    percentile(times, 99).toFixed(2),
  ]
}

const scratch = mkdtempSync(join(tmpdir(), 'vieter-bench-'))
const server = await startServer({
  dataFolder: join(scratch, 'data'),
  settings: { VIETER_LOG_LEVEL: 'ERROR' },
})
const folder = join(scratch, 'served')
mkdirSync(folder)
const nginx = await startNginx({
  server: `root ${folder}; sendfile on; tcp_nopush on; keepalive_requests 1000000;`,
})
const rows: string[][] = []
try {
  const file = makeLargePackage()
  const published = await fetch(`${server.address}/bench/publish`, {
    method: 'POST',
    headers: { 'x-api-key': server.apiKey },
    body: new Uint8Array(file.bytes),
  })
  if (!published.ok) throw new Error(await published.text())
  symlinkSync(largestFileIn(join(scratch, 'data/packages')), join(folder, file.filename))
  const database = await fetch(`${server.address}/bench/x86_64/bench.db`)
  writeFileSync(join(folder, 'bench.db'), new Uint8Array(await database.arrayBuffer()))
  const ours: Contestant = {
    port: server.port,
    pids: [server.pid],
    packagePath: `/bench/x86_64/${file.filename}`,
    databasePath: '/bench/x86_64/bench.db',
  }
  const peer: Contestant = {
    port: nginx.port,
    pids: await nginx.workers(),
    packagePath: `/${file.filename}`,
    databasePath: '/bench.db',
  }

  const downloads = await compare(ours, peer, download)
  const gigabytes = (rounds * clients * downloadsOfClient * file.bytes.length) / 1e9
  const perGigabyte = { count: gigabytes, scale: 1000 }
  rows.push([
    `packages of 100 MB, ${clients} clients: CPU ms per GB`,
    ...describe(downloads.ours, perGigabyte),
    ...describe(downloads.peer, perGigabyte),
    (downloads.ours.cpu / downloads.peer.cpu).toFixed(2),
  ])

  const dates = new Map([
    [ours, await dateOf(ours)],
    [peer, await dateOf(peer)],
  ])
  const unchanged = await compare(ours, peer, (contestant, times) =>
    askUnchanged(contestant, dates.get(contestant) ?? '', times),
  )
  const perRequest = { count: rounds * connections * requestsOfConnection, scale: 1e6 }
  rows.push([
    `304 answers, ${connections} connections: CPU µs each`,
    ...describe(unchanged.ours, perRequest),
    ...describe(unchanged.peer, perRequest),
    (unchanged.ours.cpu / unchanged.peer.cpu).toFixed(2),
  ])
} finally {
  await nginx.stop()
  await server.stop()
  rmSync(scratch, { recursive: true, force: true })
}

const [processor] = cpus()
console.log(
  `\n${cpus().length} × ${processor?.model ?? 'processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}\n`,
)
console.log(
  formatMarkdownTable(
    [
      'what',
      'Vieter: CPU',
      'p50 (ms)',
      'p99 (ms)',
      'nginx: CPU',
      'p50 (ms)',
      'p99 (ms)',
      'CPU, Vieter ÷ nginx',
    ],
    rows,
  ),
)
