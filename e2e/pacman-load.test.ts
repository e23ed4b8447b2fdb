import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { eventually } from './lab/eventually.ts'
import { makeFaultShim } from './lab/fault-shim.ts'
import { forgePackage } from './lab/forge.ts'
import { type LoadClient, makeLoadClient } from './lab/load-client.ts'
import { reverseProxyTo, startNginx } from './lab/nginx.ts'
import { runPacmanLoad } from './lab/pacman-load.ts'
import { makeRandom, seedOfRun } from './lab/random.ts'
import { ask } from './lab/repository-client.ts'
import { makeScratch } from './lab/scratch.ts'
import { startServer, type VieterServer } from './lab/vieter.ts'

const seed = seedOfRun()

async function serve(environment: Record<string, string> = {}): Promise<VieterServer> {
  const scratch = await makeScratch('pacman-load')
  const dataFolder = join(scratch.path, 'data')
  const server = await startServer({ dataFolder, environment, settings: { VIETER_LOG_LEVEL: 'WARN' } })
  onTestFinished(async () => {
    await server.stop()
    await scratch.remove()
  })
  return server
}

async function publish(server: VieterServer, name: string, version: string): Promise<void> {
  const file = forgePackage({ name, version, files: { [`usr/share/${name}`]: version } })
  expect(await ask(server, { kind: 'publish', repository: 'lab', file })).toMatchObject({ status: 200 })
}

async function makeClient(server: VieterServer): Promise<LoadClient> {
  const client = await makeLoadClient(makeRandom(seed), 'lab', `${server.address}/lab/x86_64`)
  onTestFinished(client.remove)
  return client
}

/** What the client lists after its next sync, as `NAME VERSION`. */
async function syncedBy(client: LoadClient): Promise<string[]> {
  return (await client.sync()).map(({ name, version }) => `${name} ${version}`)
}

describe(`while packages are published five times a second (LAB_SEED=${seed})`, () => {
  test('four machines sync, upgrade, install and resume downloads without an error, and end up with the last state', async () => {
    const server = await serve()
    const { changes, done } = await runPacmanLoad({ seed, seconds: 6, server, address: server.address })
    expect(changes).toBeGreaterThan(20)
    expect(Math.min(...Object.values(done))).toBeGreaterThan(0)
  })

  test('the same through nginx, which keeps its connections to the server', async () => {
    const server = await serve()
    const nginx = await startNginx(reverseProxyTo(server.address))
    onTestFinished(nginx.stop)
    const { changes, done } = await runPacmanLoad({ seed, seconds: 4, server, address: nginx.address })
    expect(changes).toBeGreaterThan(20)
    expect(Math.min(...Object.values(done))).toBeGreaterThan(0)
  })
})

describe('time', () => {
  test('two publishes within one second are both seen by the next sync', async () => {
    const server = await serve()
    const client = await makeClient(server)
    let withinOneSecond = 0
    for (let version = 1; version <= 12; version++) {
      const second = Math.floor(Date.now() / 1000)
      await publish(server, 'quick', `${version}-1`)
      expect(await syncedBy(client)).toEqual([`quick ${version}-1`])
      await publish(server, 'quick', `${version}-2`)
      if (Math.floor(Date.now() / 1000) === second) withinOneSecond += 1
      expect(await syncedBy(client)).toEqual([`quick ${version}-2`])
    }
    expect(withinOneSecond).toBeGreaterThan(0)
  })

  test('with the clock stepped back an hour, clients see what is new and nothing that is old', async () => {
    const { server, shiftClock } = await serveWithClock()
    const [early, late] = [await makeClient(server), await makeClient(server)]
    await publish(server, 'clock', '1-1')
    expect(await syncedBy(early)).toEqual(['clock 1-1'])
    await shiftClock(-3600)
    await publish(server, 'clock', '2-1')
    for (const client of [early, late]) expect(await syncedBy(client)).toEqual(['clock 2-1'])
    await publish(server, 'clock', '3-1')
    for (const client of [early, late]) expect(await syncedBy(client)).toEqual(['clock 3-1'])
    await shiftClock(0)
    await publish(server, 'clock', '4-1')
    for (const client of [early, late]) expect(await syncedBy(client)).toEqual(['clock 4-1'])
  })

  test('a client that synced an hour ago, many versions ago, still installs what its database lists', async () => {
    const { server, shiftClock } = await serveWithClock()
    const client = await makeClient(server)
    const names = Array.from({ length: 6 }, (_, number) => `old-${number}`)
    for (const name of names) await publish(server, name, '1-1')
    await client.sync()
    for (const version of ['2-1', '3-1', '4-1', '5-1'])
      for (const name of names) await publish(server, name, version)
    await ask(server, { kind: 'remove-package', repository: 'lab', arch: 'x86_64', name: 'old-0' })
    await shiftClock(3600)
    await publish(server, 'later', '1-1')
    for (const name of names) await client.install(name)
    expect(await client.installed()).toEqual(names.map((name) => `${name} 1-1`))
  })
})

interface ServerWithClock {
  readonly server: VieterServer
  /** Moves the server's clock so many seconds away from the real one. */
  shiftClock(seconds: number): Promise<void>
}

async function serveWithClock(): Promise<ServerWithClock> {
  const scratch = await makeScratch('clock')
  onTestFinished(scratch.remove)
  await mkdir(join(scratch.path, 'shim'))
  const shim = await makeFaultShim(join(scratch.path, 'shim'))
  const server = await serve(shim.environment)
  return {
    server,
    async shiftClock(seconds) {
      await shim.shiftClock(seconds)
      // Date.now() follows at once; the Date of answers, by which it shows, is made once a second.
      await eventually('the clock to be seen in answers', async () => {
        const { headers } = await fetch(`${server.address}/health`)
        const difference = (Date.parse(headers.get('date') ?? '') - Date.now()) / 1000
        return Math.abs(difference - seconds) < 5 || undefined
      })
    },
  }
}
