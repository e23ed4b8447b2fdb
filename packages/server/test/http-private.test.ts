import { contract } from '@vieter/api'
import type { Settings } from '@vieter/config'
import { describe, expect, test } from 'vitest'
import { packageArchive } from './support/packages.ts'
import { startServer, type TestServer } from './support/server.ts'

interface Closed {
  server: TestServer
  token: string
}

/** A server with a private repository, `closed`, and a public one, `open`. */
async function startWithPrivate(settings: Partial<Settings> = {}): Promise<Closed> {
  const server = await startServer({ settings })
  for (const repository of ['closed', 'open']) await server.publish(repository, packageArchive())
  await configure(server, 'access=token')
  return { server, token: await addToken(server) }
}

async function configure(server: TestServer, query: string): Promise<void> {
  await server.request('PATCH', `/api/v1/repos/closed?${query}`)
}

async function addToken({ client }: TestServer): Promise<string> {
  const query = { name: 'laptop', scope: ['read:closed'] }
  return (await client.call(contract.createToken, { query })).token
}

function basic(password: string, user = 'vieter'): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}

async function statusOf(
  { url }: TestServer,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
) {
  return (await fetch(url + path, { method, headers, redirect: 'manual' })).status
}

const database = '/closed/x86_64/closed.db'
const shown = [
  ['/closed/x86_64/closed.db', 200],
  ['/closed/x86_64/closed.files.tar.gz', 200],
  ['/closed/x86_64/hello-1.0-1-x86_64.pkg.tar.zst', 200],
  ['/closed/x86_64/hello-1.0-1-x86_64.pkg.tar.zst.sig', 404],
  ['/closed/x86_64/hello-1.0-1', 200],
  ['/closed/', 200],
  ['/closed/x86_64/', 200],
  ['/closed', 302],
  ['/closed/x86_64', 302],
  ['/api/v1/repos/closed', 200],
  ['/api/v1/packages/closed/x86_64/hello', 200],
  ['/api/v1/packages/closed/x86_64/hello/files', 200],
  ['/api/v1/packages/closed/x86_64/hello/build-information', 404],
  ['/api/v1/packages/closed/x86_64/hello/mtree', 404],
  ['/api/v1/packages/closed/x86_64/hello/install', 404],
  ['/api/v1/packages/closed/x86_64/hello/changelog', 404],
] as const

describe('a private repository', () => {
  test.each(['', '?query=hello', '?provides=hello', '?file=usr/hello', '?repo=closed', '?name=hello'])(
    'has packages that /api/v1/packages%s tells only who may read it',
    async (query) => {
      const { server, token } = await startWithPrivate()
      const reposFor = async (headers: Record<string, string>) => {
        const response = await fetch(`${server.url}/api/v1/packages${query}`, { headers })
        const { data } = (await response.json()) as { data: { repo: string }[] }
        return data.map(({ repo }) => repo)
      }
      const all = query === '?repo=closed' ? ['closed'] : ['closed', 'open']
      expect(await reposFor({})).toEqual(all.filter((repo) => repo === 'open'))
      expect(await reposFor(basic('wrong'))).toEqual(all.filter((repo) => repo === 'open'))
      expect(await reposFor(basic(token))).toEqual(all)
    },
  )

  test.each(shown)('shows %s only to who may read it', async (path, status) => {
    const { server, token } = await startWithPrivate()
    const answer = await fetch(server.url + path, { redirect: 'manual' })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="vieter", charset="UTF-8"')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.json()).toMatchObject({ code: 'READ_UNAUTHORIZED' })
    expect(await statusOf(server, path, {}, 'HEAD')).toBe(401)
    expect(await statusOf(server, path, basic(token))).toBe(status)
  })

  test.each([
    ['the token as a password', (token: string) => basic(token)],
    ['whatever the user', (token: string) => basic(token, '')],
    ['the token as a bearer’s', (token: string) => ({ authorization: `Bearer ${token}` })],
    ['the token as a key', (token: string) => ({ 'x-api-key': token })],
    ['the API key', () => ({ 'x-api-key': 'secret' })],
    ['the API key as a password', () => basic('secret')],
  ])('opens with %s', async (_, headers) => {
    const { server, token } = await startWithPrivate()
    expect(await statusOf(server, database, headers(token))).toBe(200)
  })

  test.each([
    ['another token', () => basic('x'.repeat(43))],
    ['the empty one', () => basic('')],
    ['the token as a user', (token: string) => basic('', token)],
    ['no colon', () => ({ authorization: `Basic ${Buffer.from('abc').toString('base64')}` })],
    ['the token not in base64', (token: string) => ({ authorization: `Basic vieter:${token}` })],
  ])('stays closed to %s', async (_, headers) => {
    const { server, token } = await startWithPrivate()
    expect(await statusOf(server, database, headers(token))).toBe(401)
  })

  test('has its answers kept by no cache but the client’s own', async () => {
    const { server, token } = await startWithPrivate()
    const cachingOf = async (path: string) =>
      (await fetch(server.url + path, { headers: basic(token) })).headers.get('cache-control')
    expect(await Promise.all(shown.slice(0, 5).map(([path]) => cachingOf(path)))).toEqual([
      'private, no-cache',
      'private, no-cache',
      'private, max-age=31536000, immutable',
      'no-store',
      'private, no-cache',
    ])
    expect(await cachingOf('/open/x86_64/hello-1.0-1-x86_64.pkg.tar.zst')).toBe(
      'public, max-age=31536000, immutable',
    )
  })

  test('tells nobody else whether its database has changed', async () => {
    const { server, token } = await startWithPrivate()
    const date = (await fetch(server.url + database, { headers: basic(token) })).headers.get('last-modified')
    const since = { 'if-modified-since': date ?? '' }
    expect(await statusOf(server, database, since)).toBe(401)
    expect(await statusOf(server, database, { ...since, ...basic(token) })).toBe(304)
  })

  test('is listed only for who may read it', async () => {
    const { server, token } = await startWithPrivate()
    const namesFor = async (headers: Record<string, string>) => {
      const answer = await fetch(`${server.url}/api/v1/repos`, { headers })
      return ((await answer.json()) as { data: { name: string }[] }).data.map(({ name }) => name)
    }
    expect(await namesFor({})).toEqual(['open'])
    expect(await namesFor(basic(token))).toEqual(['closed', 'open'])
    expect(await namesFor({ 'x-api-key': 'secret' })).toEqual(['closed', 'open'])
  })

  test('stays private while its files are still served after it was removed', async () => {
    const { server, token } = await startWithPrivate()
    await server.request('DELETE', '/closed')
    const path = '/closed/x86_64/hello-1.0-1-x86_64.pkg.tar.zst'
    expect([await statusOf(server, path), await statusOf(server, path, basic(token))]).toEqual([401, 200])
  })

  test('is open again once that is wanted', async () => {
    const { server } = await startWithPrivate()
    await configure(server, 'access=public')
    expect(await statusOf(server, database)).toBe(200)
  })

  test('has its debug packages in a repository that is as private, and opens with the same token', async () => {
    const { server, token } = await startWithPrivate()
    await configure(server, 'debug_packages=separate')
    const pkginfo = 'pkgbase = hello\nxdata = pkgtype=debug\n'
    await server.publish('closed', packageArchive({ name: 'hello-debug', pkginfo }))
    const path = '/closed-debug/x86_64/closed-debug.db'
    expect([await statusOf(server, path), await statusOf(server, path, basic(token))]).toEqual([401, 200])
  })

  test('is left to nginx only after the token was seen', async () => {
    const accelerated = { accel_redirect: '/internal/', trusted_proxies: 'loopback' }
    const { server, token } = await startWithPrivate(accelerated)
    const path = '/closed/x86_64/hello-1.0-1-x86_64.pkg.tar.zst'
    const refused = await fetch(server.url + path)
    expect([refused.status, refused.headers.get('x-accel-redirect')]).toEqual([401, null])
    const answer = await fetch(server.url + path, { headers: basic(token) })
    expect(answer.headers.get('x-accel-redirect')).toMatch(/^\/internal\//)
  })
})
