import { join } from 'node:path'
import { settings } from '@vieter/config'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectDownloads, reconcile } from './lab/audit.ts'
import { type Clients, makeClients } from './lab/clients.ts'
import type { Operation } from './lab/expected-packages.ts'
import { forgePackage } from './lab/forge.ts'
import { attempt, makeLedger } from './lab/publishers.ts'
import { makeRandom } from './lab/random.ts'
import type { Answer } from './lab/repository-client.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { makeSmallDisk, type SmallDisk } from './lab/small-disk.ts'
import { startServer, type VieterServer } from './lab/vieter.ts'

/*
 * The steps of one story: a disk fills up under a server, to its last byte, and is emptied again.
 */

let scratch: Scratch
let disk: SmallDisk
let clients: Clients
let server: VieterServer
const ledger = makeLedger()
const random = makeRandom(1)
let count = 0

/** Bytes that something else on the disk takes until it is deleted. */
const occupied = 2_000_000

beforeAll(async () => {
  scratch = await makeScratch('full-disk')
  disk = await makeSmallDisk(scratch, 16)
  await disk.occupy(occupied)
  server = await start()
  clients = await makeClients(server.address, 'lab')
  for (const arch of ['x86_64', 'aarch64']) expect(await publish(1000, arch)).toMatchObject({ status: 200 })
})

afterAll(async () => {
  await server.stop()
  await clients.remove()
  await disk.remove()
  await scratch.remove()
})

/** The whole disk may be filled: that a server keeps a reserve by itself is shown elsewhere. */
const withoutReserve = 'disk_reserve' in settings ? { VIETER_DISK_RESERVE: '0' } : {}

function start(port?: number): Promise<VieterServer> {
  return startServer({
    dataFolder: join(disk.path, 'data'),
    wrapper: disk.wrapper,
    settings: { VIETER_LOG_LEVEL: 'ERROR', ...withoutReserve },
    ...(port === undefined ? {} : { port }),
  })
}

async function restart(): Promise<void> {
  await server.kill()
  server = await start(server.port)
}

async function ask(operation: Operation): Promise<Answer> {
  const answer = await attempt(ledger, server, operation)
  if (!answer) throw new Error(`The server gave no answer:\n${server.log()}`)
  return answer
}

/** Publishes another package with so many random bytes in it. */
function publish(size: number, arch = 'any'): Promise<Answer> {
  count += 1
  const content = random.bytes(size)
  const file = forgePackage({
    name: `p${count}`,
    version: '1-1',
    arch,
    files: { [`usr/share/${count}`]: content },
  })
  return ask({ kind: 'publish', repository: 'lab', file })
}

async function expectWhole(): Promise<void> {
  reconcile(ledger, await clients.sync())
  await expectDownloads(ledger, server.address)
}

/** Publishes packages of one size until one is refused. */
async function fill(size: number): Promise<Answer> {
  for (;;) {
    const answer = await publish(size)
    if (answer.status !== 200) return answer
  }
}

test('publishing fills the disk until it is refused as STORAGE_FULL; what was acknowledged is served', async () => {
  for (const size of [1_000_000, 100_000, 10_000]) {
    const answer = await fill(size)
    expect(answer.status).toBe(507)
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'STORAGE_FULL' })
  }
  expect(ledger.acknowledged).toBeGreaterThan(10)
  await expectWhole()
})

test('with not a byte left, all changes are refused, everything is served on, also after a restart', async () => {
  await disk.occupy(occupied + (await disk.free()))
  expect(await disk.free()).toBe(0)
  expect(await publish(10_000)).toMatchObject({ status: 507 })
  const removed: Operation = { kind: 'remove-package', repository: 'lab', arch: 'x86_64', name: 'p1' }
  expect((await ask(removed)).status).toBe(507)
  await expectWhole()
  await restart()
  await expectWhole()
})

test('with a little room packages can be removed, though none fits in', async () => {
  await disk.occupy(occupied - 700_000)
  expect(await publish(1_000_000)).toMatchObject({ status: 507 })
  expect((await ask({ kind: 'remove-package', repository: 'lab', arch: 'x86_64', name: 'p1' })).status).toBe(
    200,
  )
  await expectWhole()
  await restart()
  await expectWhole()
})

test('once there is room again, publishing goes on', async () => {
  await disk.occupy(0)
  for (let number = 0; number < 3; number++) expect(await publish(10_000)).toMatchObject({ status: 200 })
  await expectWhole()
  await restart()
  await expectWhole()
})
