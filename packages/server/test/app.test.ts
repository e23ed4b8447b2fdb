import { once } from 'node:events'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contract } from '@vieter/api'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openApiKey } from '../src/api-key.ts'
import { openStore } from '../src/store/open-store.ts'
import { temporaryFolder } from './support/folders.ts'
import { packageArchive } from './support/packages.ts'
import { connectRaw, lines } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'

async function secondsToStop(server: TestServer): Promise<number> {
  const start = performance.now()
  await server.app.stop()
  return (performance.now() - start) / 1000
}

describe('a server that stops', () => {
  test('ends connections that are kept alive or were never used', async () => {
    const server = await startServer()
    const used = await connectRaw(server.port)
    const unused = await connectRaw(server.port)
    used.send(lines('GET /health HTTP/1.1', 'Host: x'))
    await used.until(/Healthy/)
    expect(await secondsToStop(server)).toBeLessThan(2.5)
    await used.untilClosed()
    await unused.untilClosed()
  })

  test('answers agents that wait for a job, at once', async () => {
    const server = await startServer()
    const waiting = server.client.call(contract.leaseJobs, { query: { arch: ['x86_64'], wait: 60 } })
    // A request on another connection is answered after the first has arrived.
    await server.client.call(contract.health, {})
    expect(await secondsToStop(server)).toBeLessThan(2.5)
    expect(await waiting).toEqual([])
  })

  test('cuts off a body that does not come, and keeps nothing of it', async () => {
    const server = await startServer()
    const connection = await connectRaw(server.port)
    const head = ['Host: x', 'X-Api-Key: secret', 'Content-Length: 1000', 'Expect: 100-continue']
    connection.send(lines('POST /repo/publish HTTP/1.1', ...head))
    await connection.until(/100 Continue/)
    connection.send(packageArchive().subarray(0, 20))
    expect(await secondsToStop(server)).toBeLessThan(2.5)
    expect(await connection.untilClosed()).not.toContain('200 OK')
    expect(server.log).toEqual([])
  })

  test('cuts off a download that nobody reads', async () => {
    const server = await startServer()
    const large = packageArchive({ files: { 'usr/x': 'x'.repeat(32 << 20) } }, 'tar')
    await server.publish('repo', large)
    const connection = await connectRaw(server.port)
    connection.socket.pause()
    connection.send(lines('GET /repo/x86_64/hello-1.0-1-x86_64.pkg.tar HTTP/1.1', 'Host: x'))
    await once(connection.socket, 'readable')
    expect(await secondsToStop(server)).toBeLessThan(2.5)
    expect(server.log).toEqual([])
  })

  test('finishes a publish that has arrived', async () => {
    const server = await startServer()
    const archive = packageArchive()
    const answers = Array.from({ length: 5 }, (_, i) =>
      server.publish('repo', packageArchive({ name: `p${i}` })).then(
        (response) => response.status,
        () => 0,
      ),
    )
    await server.publish('repo', archive)
    await server.app.stop()
    const published = (await Promise.all(answers)).flatMap((status, i) => (status === 200 ? [`p${i}`] : []))
    const again = await startServer({ folder: server.folder })
    for (const name of ['hello', ...published])
      expect((await fetch(`${again.url}/repo/x86_64/${name}-1.0-1`)).status).toBe(200)
  })

  test('lets go of its data, so that the next can start', async () => {
    const server = await startServer()
    await server.publish('repo', packageArchive())
    await server.app.stop()
    const next = await startServer({ folder: server.folder })
    expect((await fetch(`${next.url}/repo/x86_64/repo.db`)).status).toBe(200)
  })
})

describe('a server that cannot start', () => {
  test('does not hold on to the data', async () => {
    const folder = temporaryFolder(onTestFinished)
    writeFileSync(join(folder, 'api-key'), 'two words\n')
    await expect(startServer({ folder, settings: { api_key: undefined } })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    })
    await (await openStore(join(folder, 'store.sqlite'))).destroy()
  })
})

describe('the file of the API key', () => {
  test('is made for its owner alone, whatever the umask, and kept', async () => {
    const path = join(temporaryFolder(onTestFinished), 'api-key')
    const umask = process.umask(0)
    const key = await openApiKey(path).finally(() => process.umask(umask))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toBe(`${key}\n`)
    expect(await openApiKey(path)).toBe(key)
    expect(await openApiKey(join(temporaryFolder(onTestFinished), 'api-key'))).not.toBe(key)
  })

  test('may be written by a person', async () => {
    const path = join(temporaryFolder(onTestFinished), 'api-key')
    writeFileSync(path, '  my-own-key\r\n')
    chmodSync(path, 0o400)
    expect(await openApiKey(path)).toBe('my-own-key')
  })

  test.each(['', 'two words', 'a\nb', 'clé'])(
    'that holds %j is refused, and its text not shown',
    async (text) => {
      const path = join(temporaryFolder(onTestFinished), 'api-key')
      writeFileSync(path, text)
      await expect(openApiKey(path)).rejects.toMatchObject({
        code: 'CONFIGURATION_INVALID',
        message: `The file ${path} holds no usable API key.`,
      })
    },
  )
})
