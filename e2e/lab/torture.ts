import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expectDownloads, type Reconciled, reconcile } from './audit.ts'
import { checkData } from './check.ts'
import { type Clients, fetchListed, makeClients } from './clients.ts'
import { eventually } from './eventually.ts'
import type { ListedFile } from './expected-packages.ts'
import { type FaultRule, type FaultShim, makeFaultShim } from './fault-shim.ts'
import { forgePackage } from './forge.ts'
import {
  attempt,
  type Ledger,
  makeLedger,
  makePublisher,
  makeRepositoryMaker,
  type Publisher,
  workUntilCut,
} from './publishers.ts'
import { makeRandom, type Random } from './random.ts'
import { findFreePort, launchServer, startServer, type VieterServer } from './vieter.ts'

interface TortureOptions {
  readonly seed: number
  readonly kills: number
  /** An empty folder. */
  readonly folder: string
  readonly onProgress?: (line: string) => void
}

/** What a run did, for those who want to know that it did something. */
export interface TortureReport {
  readonly acknowledged: number
  /** Operations that a kill struck, and how many of them turned out to be done. */
  readonly struck: number
  readonly struckAndDone: number
  /** How many kills struck in front of a system call that was chosen. */
  readonly killedAtCall: number
}

/** What stays the same over all kills of one run. */
interface Run {
  readonly random: Random
  readonly shim: FaultShim
  readonly ledger: Ledger
  readonly publishers: readonly Publisher[]
  readonly dataFolder: string
  readonly port: number
  readonly clients: Clients
}

/**
 * Kills a server under load, again and again over one data folder, at random moments and in front of random system
 * calls, while it works and while it starts. After each restart everything acknowledged must be there, nothing else,
 * and nothing by half. Throws with the first fault.
 */
export async function runTorture(options: TortureOptions): Promise<TortureReport> {
  const run = await prepare(options)
  const report = { struck: 0, struckAndDone: 0 }
  try {
    for (let kill = 0; kill < options.kills; kill++) {
      if (run.random.percent(12)) await killDuringStart(run)
      const server = await start(run)
      try {
        const { struck, done } = await look(run, server)
        report.struck += struck
        report.struckAndDone += done
        await killUnderLoad(run, server)
      } finally {
        await server.kill()
      }
      options.onProgress?.(
        `${kill + 1} kills, ${run.ledger.acknowledged} acknowledged, ${struckLine(report)}`,
      )
    }
    const server = await start(run)
    await look(run, server)
    await server.stop()
    await checkData(run.dataFolder)
  } finally {
    await run.clients.remove()
  }
  return {
    ...report,
    acknowledged: run.ledger.acknowledged,
    killedAtCall: (await run.shim.faults()).length,
  }
}

function struckLine({ struck, struckAndDone }: { struck: number; struckAndDone: number }): string {
  return `${struckAndDone} of ${struck} struck ones were done`
}

async function prepare({ seed, folder }: TortureOptions): Promise<Run> {
  const random = makeRandom(seed)
  const port = await findFreePort()
  await mkdir(join(folder, 'shim'))
  const run: Run = {
    random,
    port,
    shim: await makeFaultShim(join(folder, 'shim')),
    ledger: makeLedger(),
    publishers: [
      ...[0, 1, 2, 3].map((id) => makePublisher(random, 'lab', id)),
      makeRepositoryMaker(random, 'fleeting'),
    ],
    dataFolder: join(folder, 'data'),
    clients: await makeClients(`http://127.0.0.1:${port}`, 'lab'),
  }
  const server = await startServer({ dataFolder: run.dataFolder, port })
  for (const arch of ['x86_64', 'aarch64']) {
    const file = forgePackage({ name: `keeper-${arch}`, version: '1-1', arch })
    const answer = await attempt(run.ledger, server, { kind: 'publish', repository: 'lab', file })
    if (answer?.status !== 200) throw new Error(`The first publish was answered with ${answer?.status}.`)
  }
  await server.stop()
  return run
}

async function start({ dataFolder, port, shim }: Run): Promise<VieterServer> {
  await shim.heal()
  return startServer({ dataFolder, port, environment: shim.environment })
}

/** Calls between which a crash leaves different things on disk, and about how many of each make a busy moment. */
const deadlyCalls = { fsync: 20, fdatasync: 20, rename: 8, pwrite: 80, unlink: 4, open: 40, mkdir: 6 }

/** Milliseconds in which a kill strikes. */
const busyTime = 250

/** Strikes at any moment of the load, more often once it has got going. */
async function killUnderLoad(run: Run, server: VieterServer): Promise<void> {
  const { ledger, publishers, random, shim, dataFolder } = run
  const before = ledger.acknowledged
  const working = Promise.all(publishers.map((publisher) => workUntilCut(ledger, publisher, server)))
  if (random.percent(75)) await Promise.race([working, firstAnswer(ledger, before)])
  if (random.percent(70)) {
    const [call, most] = random.pick(Object.entries(deadlyCalls) as [FaultRule['calls'][number], number][])
    await shim.fail({ calls: [call], error: 'KILL', path: `${dataFolder}/*`, skip: random.below(most) })
    await Promise.race([working, server.ended, delay(2 * busyTime)])
  } else {
    await Promise.race([working, server.ended, delay(random.below(busyTime))])
  }
  await server.kill()
  await working
  const { code, signal } = await server.ended
  if (signal !== 'SIGKILL') throw new Error(`The server ended by itself with ${code}:\n${server.log()}`)
}

async function firstAnswer(ledger: Ledger, before: number): Promise<void> {
  await eventually('a first answer', () => ledger.acknowledged > before || undefined, { interval: 5 })
}

async function killDuringStart({ random, shim, dataFolder, port }: Run): Promise<void> {
  await shim.heal()
  if (random.percent(50))
    await shim.fail({
      calls: Object.keys(deadlyCalls) as FaultRule['calls'],
      error: 'KILL',
      path: `${dataFolder}/*`,
      skip: random.below(15),
    })
  const { server } = await launchServer({ dataFolder, port, environment: shim.environment })
  await Promise.race([server.ended, delay(100 + random.below(400))])
  await server.kill()
}

/** Looks at everything that is served, and has the data folder checked meanwhile. */
async function look(run: Run, { address }: VieterServer): Promise<Reconciled> {
  const { ledger, random, dataFolder } = run
  // Hashing everything takes longer with every kill.
  const words = random.percent(5) ? [] : ['--fast']
  const [seen] = await Promise.all([whatIsListed(run, address), checkData(dataFolder, words)])
  const reconciled = reconcile(ledger, seen)
  const everServed = [...ledger.served.keys()].filter((path) => path.startsWith('lab/'))
  const older = Array.from({ length: 15 }, () => random.pick(everServed))
  await expectDownloads(ledger, address, older)
  return reconciled
}

/** What pacman lists of `lab`, and what stands in the databases of the repository that comes and goes. */
async function whatIsListed({ clients }: Run, address: string): Promise<Map<string, ListedFile>> {
  return new Map([
    ...(await clients.sync()),
    ...(await fetchListed(address, 'fleeting', 'x86_64')),
    ...(await fetchListed(address, 'fleeting', 'aarch64')),
  ])
}
