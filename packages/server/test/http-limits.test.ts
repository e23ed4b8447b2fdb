import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { packageArchive } from './support/packages.ts'
import { askRaw, connectRaw, lines } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'

const request = lines('GET /health HTTP/1.1', 'Host: x')
const patient = { timeout: 10_000 }
/** Large enough not to fit into what the system keeps of a connection. */
const large = packageArchive({ name: 'large', version: '1-1', files: { 'usr/large': noise(40_000_000) } })
const largePath = '/repo/x86_64/large-1-1-x86_64.pkg.tar.zst'

/** Text that hardly compresses. */
function noise(size: number): string {
  const words = new Uint32Array(size / 8)
  for (let position = 0; position < words.length; position += 16_384)
    crypto.getRandomValues(words.subarray(position, position + 16_384))
  return Buffer.from(words.buffer).toString('hex')
}

/** Resolves once the server holds so many connections: see proc_net(5), states ESTABLISHED and CLOSE_WAIT. */
async function serverHolds(count: number, { port }: TestServer): Promise<void> {
  const place = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  await expect
    .poll(() => {
      const rows = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1)
      const held = rows.filter((row) => {
        const [, local = '', , state = ''] = row.trim().split(/\s+/)
        return local.endsWith(place) && ['01', '08'].includes(state)
      })
      return held.length
    }, patient)
    .toBe(count)
}

/** Resolves once this process holds no file below the folder. */
async function noFileIsOpenIn(folder: string): Promise<void> {
  await expect
    .poll(() => {
      const paths = readdirSync('/proc/self/fd').map((name) => pathOfDescriptor(name))
      return paths.filter((path) => path.startsWith(folder))
    }, patient)
    .toEqual([])
}

/** Nothing for one that was closed meanwhile. */
function pathOfDescriptor(name: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${name}`)
  } catch {
    return ''
  }
}

/** Milliseconds that something took. */
async function timeOf(effect: Promise<unknown>): Promise<number> {
  const started = performance.now()
  await effect
  return performance.now() - started
}

describe('header_timeout', () => {
  test('cuts a client that sends nothing, and one that never comes to the end of its head', async () => {
    const server = await startServer({ settings: { header_timeout: 1 } })
    const silent = await connectRaw(server.port)
    const dripping = await connectRaw(server.port)
    dripping.send('GET /health HTTP/1.1\r\nHost: x\r\n')
    const drip = setInterval(() => dripping.send('X-A: b\r\n'), 50)
    onTestFinished(() => clearInterval(drip))
    const time = await timeOf(Promise.all([silent.untilClosed(), dripping.untilClosed()]))
    expect(time).toBeGreaterThan(900)
    expect(time).toBeLessThan(5000)
    expect(await dripping.untilClosed()).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('lets a connection rest between two requests', async () => {
    const server = await startServer({ settings: { header_timeout: 1 } })
    const connection = await connectRaw(server.port)
    connection.send(request)
    await connection.until(/Healthy/)
    await delay(1800)
    connection.send(request)
    await connection.until(/Healthy.*Healthy/s)
  })
})

describe('idle_timeout', () => {
  test('cuts a body that stands still', async () => {
    const server = await startServer({ settings: { idle_timeout: 1 } })
    const connection = await connectRaw(server.port)
    const head = ['POST /repo/publish HTTP/1.1', 'Host: x', 'X-Api-Key: secret', 'Content-Length: 1000']
    connection.send(`${lines(...head)}abc`)
    expect(await timeOf(connection.untilClosed())).toBeGreaterThan(900)
  })

  test('cuts a download that nobody takes', async () => {
    const server = await startServer({ settings: { idle_timeout: 1 } })
    expect((await server.publish('repo', large)).status).toBe(200)
    const socket = connect(server.port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.pause()
    socket.write(lines(`GET ${largePath} HTTP/1.1`, 'Host: x'))
    await once(socket, 'connect')
    await serverHolds(0, server)
    let received = 0
    socket.on('data', (bytes: Buffer) => {
      received += bytes.length
    })
    socket.on('error', () => {})
    await once(socket.resume(), 'close')
    expect(received).toBeLessThan(large.length)
  })

  test('lets an upload and a download go on that move, however slowly', async () => {
    const server = await startServer({ settings: { idle_timeout: 1, header_timeout: 1 } })
    const archive = packageArchive({ name: 'slow', version: '1-1' })
    const connection = await connectRaw(server.port)
    const head = ['POST /repo/publish HTTP/1.1', 'Host: x', 'X-Api-Key: secret']
    connection.send(lines(...head, `Content-Length: ${archive.length}`))
    const pieces = 6
    for (let piece = 0; piece < pieces; piece += 1) {
      const at = (number: number) => Math.floor((archive.length * number) / pieces)
      await delay(400)
      connection.send(archive.subarray(at(piece), at(piece + 1)))
    }
    await connection.until(/HTTP\/1\.1 200 OK/)

    expect((await server.publish('repo', large)).status).toBe(200)
    const socket = connect(server.port, '127.0.0.1')
    socket.write(lines(`GET ${largePath} HTTP/1.1`, 'Host: x', 'Connection: close'))
    let received = 0
    for await (const bytes of socket) {
      received += bytes.length
      if (received < 5_000_000) await delay(20)
    }
    expect(received).toBeGreaterThan(large.length)
  })

  test('lets a request be held that waits for a job', async () => {
    const server = await startServer({ settings: { idle_timeout: 1 } })
    const connection = await connectRaw(server.port)
    connection.send(
      lines(
        'POST /api/v1/jobs/lease?arch=x86_64&wait=3 HTTP/1.1',
        'Host: x',
        'X-Api-Key: secret',
        'Content-Length: 0',
      ),
    )
    expect(await timeOf(connection.until(/HTTP\/1\.1 \d+/))).toBeGreaterThan(2500)
  })

  test('cuts a connection that is not used any more', async () => {
    const server = await startServer({ settings: { idle_timeout: 1 } })
    const connection = await connectRaw(server.port)
    connection.send(request)
    expect(await timeOf(connection.untilClosed())).toBeGreaterThan(900)
  })
})

describe('a client that goes away in the middle of a download', () => {
  test('leaves nothing open', async () => {
    const server = await startServer()
    expect((await server.publish('repo', large)).status).toBe(200)
    const connections = await Promise.all(Array.from({ length: 20 }, () => connectRaw(server.port)))
    for (const { socket, send } of connections) {
      send(lines(`GET ${largePath} HTTP/1.1`, 'Host: x'))
      await once(socket, 'data')
      socket.destroy()
    }
    await noFileIsOpenIn(`${server.folder}/packages`)
    expect(server.log).toEqual([])
  })
})

describe('max_connections_per_address', () => {
  test('closes what goes beyond, says so, and lets in again what has become free', async () => {
    const server = await startServer({
      settings: { max_connections_per_address: 3 },
      logLevel: 'info',
    })
    const kept = await Promise.all([1, 2, 3].map(() => connectRaw(server.port)))
    const surplus = await connectRaw(server.port)
    surplus.send(request)
    expect(await surplus.untilClosed()).toBe('')
    expect(server.log).toContainEqual(
      expect.objectContaining({ address: '127.0.0.1', limit: 3, msg: expect.stringMatching(/too many/) }),
    )
    for (const { send } of kept) send(request)
    await Promise.all(kept.map(({ until }) => until(/Healthy/)))
    kept[0]?.socket.destroy()
    await serverHolds(2, server)
    expect(await askRaw(server.port, 'GET /health HTTP/1.1', 'Host: x')).toContain('Healthy')
  })

  test.each([
    ['0 is no limit', { max_connections_per_address: 0 }],
    ['a trusted proxy has none', { max_connections_per_address: 1, trusted_proxies: 'loopback' }],
  ])('%s', async (_, settings) => {
    const server = await startServer({ settings })
    const connections = await Promise.all(Array.from({ length: 10 }, () => connectRaw(server.port)))
    for (const { send } of connections) send(request)
    await Promise.all(connections.map(({ until }) => until(/Healthy/)))
  })
})
