// How long the tick takes that enqueues 20,000 targets at once, and how long it holds up the event loop, beside node:sqlite.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { eventually } from '../e2e/lab/eventually.ts'
import { startServer, type VieterServer } from '../e2e/lab/vieter.ts'
import { printBars } from './lab/bars.ts'
import { settleDisks, withScratch } from './lab/data-folders.ts'
import { type EventLoopDelay, formatDelays, measureIdleDelay, readEventLoopDelay } from './lab/event-loop.ts'
import { showStep } from './lab/progress.ts'
import { formatMarkdownTable } from './statistics.ts'

const targets = 20_000

interface Tick {
  readonly targets: number
  readonly milliseconds: number
}

interface Outcome {
  /** Jobs in the store when the tick was over. */
  readonly jobs: number
  readonly tick: Tick
  readonly eventLoop: EventLoopDelay
  /** Milliseconds that node:sqlite takes for the same rows. */
  readonly peer: number
}

function start(dataFolder: string): Promise<VieterServer> {
  return startServer({
    dataFolder,
    settings: { VIETER_COLLECT_METRICS: 'true', VIETER_SCHEDULE_JITTER: '0' },
  })
}

/** Puts targets of as many schedules as a day has minutes into a server's store; all of them came due while it was off. */
function fillTargets(storeFile: string): void {
  const store = new DatabaseSync(storeFile)
  store.exec('begin')
  const addTarget = store.prepare(
    "insert into targets (kind, url, branch, repo, schedule, path, next_run) values ('git', ?, '', 'bench', ?, '', 1)",
  )
  const addArch = store.prepare("insert into target_archs (target_id, value) values (?, 'x86_64')")
  for (let number = 0; number < targets; number += 1) {
    const schedule = `${number % 60} ${Math.floor(number / 60) % 24}`
    addArch.run(addTarget.run(`https://example.org/${number}.git`, schedule).lastInsertRowid)
  }
  store.exec('commit')
  store.close()
}

/** What the server says of the tick in its log, once it is over. */
function readTick(server: VieterServer): Promise<Tick> {
  return eventually('the tick to be over', async () => {
    const lines = server.log().split('\n')
    const line = lines.find((candidate) => candidate.includes('schedules came due'))
    return line === undefined ? undefined : (JSON.parse(line) as Tick)
  })
}

/** Milliseconds that a program takes which does nothing else: the same jobs, row by row, in one transaction on this thread. */
function measurePeer(storeFile: string): number {
  const store = new DatabaseSync(storeFile)
  store.exec('delete from jobs; update targets set next_run = 1')
  const started = performance.now()
  store.exec('begin immediate')
  const addJob = store.prepare(
    "insert into jobs (target_id, arch, state, force, created_at) values (?, ?, 'queued', 0, 2) on conflict do nothing",
  )
  const setNextRun = store.prepare('update targets set next_run = 3 where id = ?')
  const due = store.prepare(
    'select target_id, value from targets join target_archs on target_id = targets.id where next_run <= 2',
  )
  for (const { target_id, value } of due.all() as { target_id: number; value: string }[]) {
    addJob.run(target_id, value)
    setNextRun.run(target_id)
  }
  store.exec('commit')
  const milliseconds = performance.now() - started
  store.close()
  return milliseconds
}

function countJobs(storeFile: string): number {
  const store = new DatabaseSync(storeFile, { readOnly: true })
  const row = store.prepare('select count(*) as count from jobs').get() as { count: number }
  store.close()
  return row.count
}

async function measure(dataFolder: string): Promise<Outcome> {
  const storeFile = join(dataFolder, 'store.sqlite')
  await (await start(dataFolder)).stop()
  fillTargets(storeFile)
  await settleDisks()
  showStep(`${targets} targets come due`)
  const server = await start(dataFolder)
  try {
    const tick = await readTick(server)
    const jobs = countJobs(storeFile)
    // As long as an idle process is watched for: a timer of 10 ms that 1 in 1,000 may miss needs some.
    await wait(10_000)
    const eventLoop = await readEventLoopDelay(server)
    await server.stop()
    return { jobs, tick, eventLoop, peer: measurePeer(storeFile) }
  } finally {
    await server.stop()
  }
}

await withScratch(async (scratch) => {
  const { jobs, tick, eventLoop, peer } = await measure(join(scratch, 'data'))
  const idle = await measureIdleDelay()
  const ratio = tick.milliseconds / peer
  console.log(
    formatMarkdownTable(
      ['targets', 'tick (ms)', 'node:sqlite alone (ms)', 'tick ÷ node:sqlite'],
      [[String(tick.targets), String(tick.milliseconds), peer.toFixed(0), ratio.toFixed(1)]],
    ),
  )
  console.log(`\n${formatDelays({ 'the server': eventLoop, 'an idle Node.js': idle })}`)
  printBars([
    {
      promise: `${targets} targets enqueued in less than 2 s`,
      figure: `${jobs} in ${(tick.milliseconds / 1000).toFixed(2)} s`,
      holds: jobs === targets && tick.milliseconds < 2000,
    },
    {
      promise: 'event-loop delay p99.9 below 50 ms',
      figure: `${eventLoop.p999.toFixed(1)} ms`,
      holds: eventLoop.p999 < 50,
    },
  ])
})
