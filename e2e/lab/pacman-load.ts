import { setTimeout as delay } from 'node:timers/promises'
import { reconcile } from './audit.ts'
import type { Operation, Packages } from './expected-packages.ts'
import { forgePackage } from './forge.ts'
import { type Action, actions, type LoadClient, makeLoadClient } from './load-client.ts'
import { attempt, type Ledger, makeLedger } from './publishers.ts'
import { makeRandom, type Random } from './random.ts'
import type { VieterServer } from './vieter.ts'

interface PacmanLoadOptions {
  readonly seed: number
  readonly seconds: number
  readonly server: Pick<VieterServer, 'address' | 'apiKey'>
  /** Where clients and publishers go: the server's address, or that of a proxy before it. */
  readonly address: string
}

export interface PacmanLoadReport {
  /** How many changes were made. */
  readonly changes: number
  /** How often clients did what. */
  readonly done: Readonly<Record<Action, number>>
}

const repository = 'lab'
const clientCount = 4

/** Milliseconds from one change to the next. */
const pace = 200

/**
 * Changes a repository five times a second while real pacman syncs, upgrades, installs and downloads in pieces, four
 * times at once. Throws with the first fault of any client, and when one sees anything but the last state at the end.
 */
export async function runPacmanLoad(options: PacmanLoadOptions): Promise<PacmanLoadReport> {
  const { seed, seconds, server, address } = options
  const random = makeRandom(seed)
  const ledger = makeLedger()
  const to = { address, apiKey: server.apiKey }
  for (let number = 0; number < 20; number++) await change(ledger, to, publishNew(random))
  const place = `${address}/${repository}/x86_64`
  const clients = await Promise.all(
    Array.from({ length: clientCount }, () => makeLoadClient(random, repository, place)),
  )
  const done = Object.fromEntries(actions.map((action) => [action, 0])) as Record<Action, number>
  const over = new AbortController()
  try {
    const working = clients.map((client) => keepBusy(client, random, done, over.signal))
    const publishing = keepPublishing(ledger, to, random, over.signal)
    await Promise.race([delay(seconds * 1000), ...working, publishing])
    over.abort()
    await Promise.all([...working, publishing])
    clients.push(await makeLoadClient(random, repository, place))
    for (const client of clients) await expectLastState(ledger, client)
  } finally {
    over.abort()
    for (const client of clients) await client.remove()
  }
  return { changes: ledger.acknowledged, done }
}

async function change(ledger: Ledger, to: PacmanLoadOptions['server'], operation: Operation): Promise<void> {
  const answer = await attempt(ledger, to, operation)
  if (answer?.status !== 200)
    throw new Error(`${operation.kind} was answered with ${answer?.status}: ${answer?.text}`)
}

async function keepPublishing(
  ledger: Ledger,
  to: PacmanLoadOptions['server'],
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const next = delay(pace)
    await change(ledger, to, nextChange(ledger.packages, random))
    await next
  }
}

/** New packages, new versions, and a removal now and then. */
function nextChange(packages: Packages, random: Random): Operation {
  const [place, file] = random.pick([...packages].filter(([, { arch }]) => arch === 'any'))
  if (packages.size > 30 && random.percent(15)) {
    const [, arch = '', name = ''] = place.split('/')
    return { kind: 'remove-package', repository, arch, name }
  }
  return random.percent(35) ? publishNew(random) : publishNext(random, file)
}

let counter = 0

function publishNew(random: Random): Operation {
  counter += 1
  return publishNext(random, { name: `p${counter}`, version: '0-1' })
}

/** Its next version, as pacman compares them. */
function publishNext(random: Random, { name, version }: { name: string; version: string }): Operation {
  const next = `${Number(version.split('-')[0]) + 1}-1`
  const content = random.bytes(random.percent(20) ? 150_000 : 2000)
  return {
    kind: 'publish',
    repository,
    file: forgePackage({ name, version: next, arch: 'any', files: { [`usr/share/lab/${name}`]: content } }),
  }
}

async function keepBusy(
  client: LoadClient,
  random: Random,
  done: Record<Action, number>,
  signal: AbortSignal,
): Promise<void> {
  await client.sync()
  await client.does('sync files')
  while (!signal.aborted) {
    const action = random.pick(actions)
    await client.does(action)
    done[action] += 1
  }
}

async function expectLastState(ledger: Ledger, client: LoadClient): Promise<void> {
  const entries = await client.syncBoth()
  reconcile(ledger, new Map(entries.map((entry) => [`${repository}/x86_64/${entry.name}`, entry])))
}
