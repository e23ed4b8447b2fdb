import { beforeAll, describe, expect, test } from 'vitest'
import { parseTrustedProxies } from '../src/http/trusted-proxies.ts'
import { endOfFile } from './support/folders.ts'
import { packageArchive } from './support/packages.ts'
import { askRaw } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'

const archive = packageArchive({ name: 'hello', version: '1.0-1' })
const file = 'hello-1.0-1-x86_64.pkg.tar.zst'

describe('base_path', () => {
  const onEnd = endOfFile()
  let server: TestServer

  beforeAll(async () => {
    server = await startServer({ onEnd, settings: { base_path: '/a/vieter' } })
    expect((await server.publish('a/vieter/repo', archive)).status).toBe(200)
  })

  test.each([
    '/repo/x86_64/repo.db',
    `/repo/x86_64/${file}`,
    '/repo/x86_64/',
    '/repo/',
    '/health',
    '/api/docs',
    '/api/v1/targets',
    '/lastupdate',
  ])('%s is served below it, and not outside of it', async (path) => {
    const inside = await server.request('GET', `/a/vieter${path}`)
    expect(inside.status).toBe(200)
    await inside.bytes()
    for (const outside of [path, `/a${path}`, `/a/vieterx${path}`]) {
      const response = await server.request('GET', outside)
      expect([outside, response.status, await response.text()]).toEqual([outside, 404, '404 Not Found'])
    }
  })

  test('redirects stay below it', async () => {
    const locationOf = async (path: string) => {
      const location = (await server.request('GET', path)).headers.get('location') ?? 'none'
      return new URL(location, server.url + path).pathname
    }
    expect(await locationOf('/a/vieter')).toBe('/a/vieter/')
    expect(await locationOf('/a/vieter/')).toBe('/a/vieter/api/docs')
    expect(await locationOf('/a/vieter/repo')).toBe('/a/vieter/repo/')
    expect(await locationOf('/a/vieter/repo/x86_64')).toBe('/a/vieter/repo/x86_64/')
  })

  test('links of pages stay below it', async () => {
    for (const page of ['/a/vieter/repo/', '/a/vieter/repo/x86_64/', '/a/vieter/api/docs']) {
      const html = await (await server.request('GET', page)).text()
      for (const [, href = ''] of html.matchAll(/href="([^"]*)"/g))
        expect(new URL(href, server.url + page).pathname).toMatch(/^\/a\/vieter\//)
    }
  })

  test('an unknown address of the API is still told in the envelope', async () => {
    const response = await server.request('GET', '/a/vieter/api/v1/none/at/all')
    expect(await response.json()).toMatchObject({ code: 'ROUTE_NOT_FOUND' })
  })
})

describe('trusted_proxies', () => {
  test.each([
    ['loopback', '127.0.0.1', true],
    ['loopback', '127.9.9.9', true],
    ['loopback', '::1', true],
    ['loopback', '::ffff:127.0.0.1', true],
    ['loopback', '10.0.0.1', false],
    ['10.0.0.0/8, 192.0.2.7', '10.200.0.1', true],
    ['10.0.0.0/8, 192.0.2.7', '192.0.2.7', true],
    ['10.0.0.0/8, 192.0.2.7', '::ffff:192.0.2.7', true],
    ['10.0.0.0/8, 192.0.2.7', '192.0.2.8', false],
    ['2001:db8::/32', '2001:db8:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:db8::/32', 'unknown', false],
    [undefined, '127.0.0.1', false],
  ])('%s and %s', (text, address, isTrusted) => {
    expect(parseTrustedProxies(text)(address)).toBe(isTrusted)
  })

  test.each(['10.0.0.256', '10.0.0.0/33', 'x', '', '10.0.0.0/8,'])('%j is refused at start', (text) => {
    expect(() => parseTrustedProxies(text)).toThrow('neither an address nor a network')
  })

  async function addressLogged(trusted: string | undefined, ...forwarded: string[]): Promise<unknown> {
    const server = await startServer({ settings: { trusted_proxies: trusted }, logLevel: 'info' })
    const fields = forwarded.map((addresses) => `X-Forwarded-For: ${addresses}`)
    await askRaw(server.port, 'GET /health HTTP/1.1', 'Host: x', ...fields)
    const line = server.log.find(({ msg }) => msg === 'incoming request')
    return (line?.req as { remoteAddress: string } | undefined)?.remoteAddress
  }

  test('the address in the log is the client’s, as the trusted proxy tells it', async () => {
    expect(await addressLogged('loopback', '203.0.113.5')).toBe('203.0.113.5')
  })

  test('what a client claims in front of it is not believed', async () => {
    expect(await addressLogged('loopback', '198.51.100.1, 203.0.113.5')).toBe('203.0.113.5')
    expect(await addressLogged('loopback', '198.51.100.1', '203.0.113.5')).toBe('203.0.113.5')
  })

  test('nobody else is believed', async () => {
    expect(await addressLogged('10.0.0.0/8', '203.0.113.5')).toBe('127.0.0.1')
    expect(await addressLogged(undefined, '203.0.113.5')).toBe('127.0.0.1')
  })
})

describe('accel_redirect', () => {
  test('leaves packages, and them alone, to the trusted proxy', async () => {
    const server = await startServer({
      settings: { accel_redirect: '/internal/', trusted_proxies: 'loopback' },
    })
    await server.publish('repo', archive)
    const response = await server.request('GET', `/repo/x86_64/${file}`)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-accel-redirect': expect.stringMatching(/^\/internal\/[a-z0-9/.-]+$/),
      'content-type': 'application/zstd',
      'cache-control': 'public, max-age=31536000, immutable',
      etag: expect.any(String),
      'last-modified': expect.any(String),
    })
    expect(await response.text()).toBe('')
    const database = await server.request('GET', '/repo/x86_64/repo.db')
    expect(database.headers.get('x-accel-redirect')).toBeNull()
    expect((await database.bytes()).length).toBeGreaterThan(0)
  })

  test('who comes directly gets the package itself', async () => {
    const server = await startServer({
      settings: { accel_redirect: '/internal/', trusted_proxies: '10.0.0.1' },
    })
    await server.publish('repo', archive)
    const response = await server.request('GET', `/repo/x86_64/${file}`)
    expect(response.headers.get('x-accel-redirect')).toBeNull()
    expect(Buffer.from(await response.bytes())).toEqual(archive)
  })

  test('is refused at start when nobody is trusted', async () => {
    await expect(startServer({ settings: { accel_redirect: '/internal/' } })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: 'Invalid configuration: accel_redirect needs trusted_proxies.',
    })
  })
})
