import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { expectDownloads, reconcile } from './lab/audit.ts'
import { checkData } from './lab/check.ts'
import { type Clients, makeClients } from './lab/clients.ts'
import { type FaultRule, type FaultShim, makeFaultShim } from './lab/fault-shim.ts'
import { forgePackage, type PackageFile } from './lab/forge.ts'
import { makePacmanRoot } from './lab/pacman.ts'
import { run } from './lab/processes.ts'
import { attempt, makeLedger } from './lab/publishers.ts'
import { makeRandom } from './lab/random.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { startServer, type VieterServer } from './lab/vieter.ts'

/*
 * A disk that fails under a real server: system calls on its files end with errors, by a preloaded library.
 */

let scratch: Scratch
let shim: FaultShim
let server: VieterServer
let clients: Clients
let dataFolder: string
const ledger = makeLedger()
const random = makeRandom(1)

beforeAll(async () => {
  scratch = await makeScratch('faults')
  dataFolder = join(scratch.path, 'data')
  await mkdir(join(scratch.path, 'shim'))
  shim = await makeFaultShim(join(scratch.path, 'shim'))
  server = await start()
  clients = await makeClients(server.address, 'lab')
  for (const arch of ['x86_64', 'aarch64', 'any'])
    expect(await publish(makeOne(`first-${arch}`, arch))).toBe(200)
})

afterAll(async () => {
  await server.stop()
  await clients.remove()
  await scratch.remove()
})

function makeOne(name: string, arch = 'any', size = 3000): PackageFile {
  return forgePackage({ name, version: '1-1', arch, files: { [`usr/share/${name}`]: random.bytes(size) } })
}

/** The status of the answer. Throws with what the server said to itself when none came. */
async function publish(file: PackageFile): Promise<number> {
  const answer = await attempt(ledger, server, { kind: 'publish', repository: 'lab', file })
  if (!answer) throw new Error(`The server gave no answer:\n${server.log()}`)
  return answer.status
}

/** Everything that was acknowledged is there for clients, and nothing by half. */
async function expectWhole(): Promise<void> {
  reconcile(ledger, await clients.sync())
  await expectDownloads(ledger, server.address)
}

async function start(port?: number): Promise<VieterServer> {
  const { environment } = shim
  return startServer({
    dataFolder,
    environment,
    settings: { VIETER_LOG_LEVEL: 'ERROR' },
    ...(port ? { port } : {}),
  })
}

/** Killed and started again, as after a power cut. */
async function restart(): Promise<void> {
  await server.kill()
  server = await start(server.port)
}

/** How many faults the function meets with. */
async function faultsDuring(does: () => Promise<void>): Promise<number> {
  const before = (await shim.faults()).length
  await does()
  return (await shim.faults()).length - before
}

/** See EXIT CODES of curl(1). */
const curlPartialFile = 18

type Fault = Pick<FaultRule, 'calls' | 'error'> & { readonly where: string; readonly status: number }

const faults: readonly Fault[] = [
  { calls: ['fdatasync', 'fsync'], error: 'EIO', where: '/packages/.staging/*', status: 500 },
  { calls: ['fsync'], error: 'EIO', where: '/packages/*', status: 500 },
  { calls: ['rename'], error: 'EIO', where: '/packages/*', status: 500 },
  { calls: ['pwrite', 'write'], error: 'EIO', where: '/packages/*', status: 500 },
  { calls: ['pwrite', 'write'], error: 'ENOSPC', where: '/packages/*', status: 507 },
  { calls: ['fdatasync', 'fsync'], error: 'EIO', where: '/databases/*', status: 500 },
  { calls: ['pwrite', 'write'], error: 'EIO', where: '/databases/*', status: 500 },
  { calls: ['pwrite', 'write'], error: 'ENOSPC', where: '/databases/*', status: 507 },
  { calls: ['fdatasync', 'fsync'], error: 'EIO', where: '/store.sqlite-wal', status: 500 },
  { calls: ['pwrite', 'write'], error: 'EIO', where: '/store.sqlite-wal', status: 500 },
  { calls: ['pwrite', 'write'], error: 'ENOSPC', where: '/store.sqlite-wal', status: 507 },
]

afterEach(() => shim.heal())

describe('while writing fails, nothing is acknowledged and all is served on; then it works again', () => {
  const numbered = faults.map((fault, number) => ({
    ...fault,
    number,
    title: `${fault.calls.join(' and ')} below ${fault.where}: ${fault.error}`,
  }))

  test.for(numbered)('$title', async ({ number, calls, error, where, status }) => {
    const files = ['a', 'b', 'c'].map((letter) => makeOne(`${letter}-${number}`))
    await shim.fail({ calls, error, path: dataFolder + where })
    const bitten = await faultsDuring(async () => {
      expect(await Promise.all(files.map(publish))).toEqual(files.map(() => status))
      await expectWhole()
    })
    expect(bitten).toBeGreaterThan(0)
    // What a failed commit left in the log of the store must not come back as it is read again.
    await shim.heal()
    if (where.startsWith('/store')) await restart()
    expect(await Promise.all(files.map(publish))).toEqual(files.map(() => 200))
    await expectWhole()
  })

  test('killed and started again after all that, the server has everything that it acknowledged', async () => {
    await restart()
    await expectWhole()
    await checkData(dataFolder)
  })
})

describe('while reading fails', () => {
  const large = makeOne('large', 'x86_64', 8_000_000)
  const path = `/lab/x86_64/${large.filename}`

  test('a download is cut off, not ended as if it were whole; the next one is whole', async () => {
    expect(await publish(large)).toBe(200)
    const download = () =>
      run('curl', ['-sS', '--fail', '-o', join(scratch.path, 'large'), server.address + path])
    await shim.fail({ calls: ['pread', 'read'], error: 'EIO', path: `${dataFolder}/packages/*`, skip: 2 })
    expect(
      await faultsDuring(async () => expect((await download()).code).toBe(curlPartialFile)),
    ).toBeGreaterThan(0)
    await shim.heal()
    expect(await download()).toMatchObject({ code: 0 })
  })

  test('a sync fails and leaves the client what it had; the next one works', async () => {
    const pacman = await makePacmanRoot([{ name: 'lab', server: `${server.address}/lab/x86_64` }])
    onTestFinished(pacman.remove)
    await pacman.run('-Sy')
    const before = (await pacman.run('-Sl')).stdout
    expect(await publish(makeOne('later', 'x86_64'))).toBe(200)
    await shim.fail({ calls: ['pread', 'read'], error: 'EIO', path: `${dataFolder}/databases/*` })
    const bitten = await faultsDuring(async () => {
      expect((await pacman.run('-Sy')).code).not.toBe(0)
      expect((await pacman.run('-Sl')).stdout).toBe(before)
    })
    expect(bitten).toBeGreaterThan(0)
    await shim.heal()
    expect((await pacman.run('-Sy')).code).toBe(0)
    expect((await pacman.run('-Sl')).stdout).toContain('lab later 1-1')
  })

  test('a server that can’t read its store ends at its start, and says what failed', async () => {
    await server.kill()
    await shim.fail({ calls: ['pread', 'read'], error: 'EIO', path: `${dataFolder}/store.sqlite` })
    const bitten = await faultsDuring(async () => {
      await expect(start(server.port)).rejects.toThrow(/ended at its start[\s\S]*disk I\/O error/)
    })
    expect(bitten).toBeGreaterThan(0)
    await shim.heal()
    await restart()
    await expectWhole()
  })
})
