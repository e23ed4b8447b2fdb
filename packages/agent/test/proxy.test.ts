import { createServer, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decideRequest, openProxy, type RepositoryProxy } from '../src/proxy.ts'

const archRepo = { repo: 'vieter', arch: 'x86_64' }
const nowhere = { address: 'http://127.0.0.1:1', apiKey: 'secret' }

describe('a request of a build', () => {
  test.each([
    ['/vieter/x86_64/vieter.db', '/vieter/x86_64/vieter.db'],
    ['/vieter/x86_64/a-1:1-1-any.pkg.tar.zst', '/vieter/x86_64/a-1%3A1-1-any.pkg.tar.zst'],
    ['/vieter/x86_64/a-1%3A1-1-any.pkg.tar.zst', '/vieter/x86_64/a-1%3A1-1-any.pkg.tar.zst'],
    ['/vieter/x86_64/g++-1-1-any.pkg.tar.zst?x=y', '/vieter/x86_64/g%2B%2B-1-1-any.pkg.tar.zst'],
  ])('for %s goes on as %s', (target, passed) => {
    expect(decideRequest('GET', target, archRepo)).toBe(passed)
    expect(decideRequest('HEAD', target, archRepo)).toBe(passed)
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT', undefined])(
    'by %s is refused',
    (method) => {
      expect(decideRequest(method, '/vieter/x86_64/vieter.db', archRepo)).toBe(405)
    },
  )

  test.each([
    '/',
    '/health',
    '/api/v1/targets',
    '/vieter/x86_64',
    '/vieter/x86_64/',
    '/vieter/x86_64/a/b',
    '/other/x86_64/other.db',
    '/vieter/aarch64/vieter.db',
    '/vieter/x86_64/..',
    '/vieter/x86_64/%2e%2e',
    '/vieter/x86_64/..%2F..%2Fapi%2Fv1%2Ftargets',
    '/vieter/x86_64/a%5Cb',
    '/vieter/x86_64/a%00b',
    '/vieter/x86_64/%',
    '//vieter/x86_64/vieter.db',
    'http://127.0.0.1:8000/vieter/x86_64/vieter.db',
    'vieter/x86_64/vieter.db',
    '*',
    undefined,
  ])('for %s is refused', (target) => {
    expect(decideRequest('GET', target, archRepo)).toBe(404)
  })
})

describe('the proxy', () => {
  const seen: { line: string; headers: IncomingMessage['headers'] }[] = []
  const upstream = createServer((incoming, response) => {
    seen.push({ line: `${incoming.method} ${incoming.url}`, headers: incoming.headers })
    if (incoming.headers['if-modified-since']) return void response.writeHead(304).end()
    if (incoming.url?.endsWith('missing')) return void response.writeHead(404, { 'x-secret': '1' }).end('no')
    const headers = {
      'last-modified': 'Tue, 24 Nov 2026 00:00:00 GMT',
      'content-length': 5,
      'x-other': 'kept back',
    }
    response.writeHead(incoming.headers.range ? 206 : 200, headers)
    response.end('hello')
  })
  let proxy: RepositoryProxy
  beforeAll(async () => {
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/base/`
    proxy = await openProxy({ host: '127.0.0.1', upstream: { address, apiKey: 'secret' }, archRepo })
  })
  afterAll(async () => {
    await proxy.close()
    upstream.close()
  })

  test('streams an answer with its status and headers', async () => {
    const response = await fetch(`${proxy.address}/vieter/x86_64/vieter.db`)
    expect(response.status).toBe(200)
    expect(response.headers.get('last-modified')).toBe('Tue, 24 Nov 2026 00:00:00 GMT')
    expect(response.headers.get('x-other')).toBeNull()
    expect(await response.text()).toBe('hello')
    expect(seen.at(-1)?.line).toBe('GET /base/vieter/x86_64/vieter.db')
  })

  test('passes conditions and ranges on, and no credential but the agent’s own', async () => {
    const url = `${proxy.address}/vieter/x86_64/vieter.db`
    const secrets = { 'x-api-key': 'k', authorization: 'Bearer k', cookie: 'c=1', 'x-lease-token': 't' }
    const part = await fetch(url, { headers: { ...secrets, range: 'bytes=0-4' } })
    expect(part.status).toBe(206)
    const headers: IncomingMessage['headers'] = seen.at(-1)?.headers ?? {}
    expect(headers.range).toBe('bytes=0-4')
    const received = Object.keys(secrets).map((name) => headers[name])
    expect(received).toEqual(['secret', undefined, undefined, undefined])
    const known = await fetch(url, { headers: { 'if-modified-since': 'Tue, 24 Nov 2026 00:00:00 GMT' } })
    expect(known.status).toBe(304)
  })

  test('passes a refusal on', async () => {
    expect((await fetch(`${proxy.address}/vieter/x86_64/missing`)).status).toBe(404)
  })

  test('answers everything else itself', async () => {
    const before = seen.length
    expect((await fetch(`${proxy.address}/api/v1/targets`)).status).toBe(404)
    const removal = await fetch(`${proxy.address}/vieter/x86_64/vieter.db`, { method: 'DELETE' })
    expect([removal.status, removal.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    const upload = await fetch(`${proxy.address}/vieter/publish`, { method: 'POST', body: 'x' })
    expect(upload.status).toBe(405)
    expect(seen.length).toBe(before)
  })

  test('opens no tunnel', async () => {
    const { port } = new URL(proxy.address)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n')
    const answer = Buffer.concat(await socket.toArray()).toString()
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/)
  })

  test('ends an answer that a build breaks off, and goes on serving', async () => {
    const url = new URL(`${proxy.address}/vieter/x86_64/vieter.db`)
    await new Promise<void>((resolve) => {
      const broken = request(url, () => broken.destroy())
      broken.on('close', () => resolve())
      broken.on('error', () => undefined)
      broken.end()
    })
    expect(await (await fetch(url)).text()).toBe('hello')
  })

  test('answers 502 when the server is gone', async () => {
    const lonely = await openProxy({ host: '127.0.0.1', upstream: nowhere, archRepo })
    expect((await fetch(`${lonely.address}/vieter/x86_64/vieter.db`)).status).toBe(502)
    await lonely.close()
  })

  test('says what to do when it cannot listen where builds would reach it', async () => {
    const opening = openProxy({ host: '192.0.2.1', upstream: nowhere, archRepo })
    await expect(opening).rejects.toMatchObject({
      message: 'The agent cannot listen on 192.0.2.1, where builds would reach it (EADDRNOTAVAIL).',
      hint: expect.stringContaining('`proxy_host`'),
    })
  })
})
