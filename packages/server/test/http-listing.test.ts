import { beforeAll, describe, expect, test } from 'vitest'
import { formatPackagesPage } from '../src/http/listing-page.ts'
import { listPackages } from '../src/services/list-packages.ts'
import { publishPackage } from '../src/services/publish-package.ts'
import { streamOf } from './support/builds.ts'
import { makeContext } from './support/context.ts'
import { endOfFile } from './support/folders.ts'
import { packageArchive } from './support/packages.ts'
import { startServer, type TestServer } from './support/server.ts'

const onEnd = endOfFile()
let server: TestServer

beforeAll(async () => {
  server = await startServer({ onEnd })
  await server.publish('repo', packageArchive({ name: 'zlib', version: '2:1.3-1' }))
  await server.publish('repo', packageArchive({ name: 'libsigc++', version: '1.0~rc1-1', arch: 'any' }))
  await server.publish('repo', packageArchive({ name: 'other', version: '1-1', arch: 'aarch64' }))
})

async function get(path: string): Promise<Response> {
  return fetch(server.url + path, { redirect: 'manual' })
}

async function textOf(path: string): Promise<string> {
  return (await get(path)).text()
}

/** The addresses that a page links to. */
function linksOf(html: string): string[] {
  return Array.from(html.matchAll(/href="([^"]*)"/g), ([, href = '']) => href)
}

describe('the page of an arch-repo', () => {
  test('links the databases, then every package by name', async () => {
    const response = await get('/repo/x86_64/')
    expect(response.status).toBe(200)
    const html = await response.text()
    expect(linksOf(html)).toEqual([
      '../',
      './repo.db',
      './repo.files',
      './libsigc++-1.0~rc1-1-any.pkg.tar.zst',
      './zlib-2:1.3-1-x86_64.pkg.tar.zst',
    ])
    expect(html).toMatch(
      /<td>zlib<\/td><td>2:1\.3-1<\/td><td class="size">\d+ B<\/td><td><time datetime="20\d\d-/,
    )
  })

  test('links to what is there', async () => {
    const links = linksOf(await textOf('/repo/x86_64/'))
    for (const link of links) {
      const response = await fetch(new URL(link, `${server.url}/repo/x86_64/`))
      expect([link, response.status]).toEqual([link, 200])
      await response.bytes()
    }
  })

  test('runs and loads nothing, is asked for anew each time, and sets no cookie', async () => {
    const { headers } = await get('/repo/x86_64/')
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': expect.stringMatching(/^default-src 'none'; style-src 'unsafe-inline'; /),
      'x-content-type-options': 'nosniff',
    })
    expect([headers.get('set-cookie'), headers.get('access-control-allow-origin')]).toEqual([null, null])
  })

  test('answers HEAD without a body', async () => {
    const response = await server.request('HEAD', '/repo/x86_64/')
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await response.text()).toBe('')
  })

  test('escapes all that comes from packages and addresses', async () => {
    const hostile = '"><script>alert(1)</script>&'
    const pkg = { name: hostile, version: hostile, filename: `${hostile}?#`, size: 5, publishedAt: 0 }
    const pages = (async function* () {
      yield [pkg]
    })()
    const pieces = await Array.fromAsync(formatPackagesPage({ repository: hostile, arch: hostile }, pages))
    const html = pieces.join('')
    expect(html).not.toContain('<script')
    expect(html).toContain('<td>&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;</td>')
    expect(linksOf(html).at(-1)).toBe('./%22%3E%3Cscript%3Ealert(1)%3C/script%3E&amp;%3F%23')
  })

  test('is read from the store in pages, in whatever order they were published', async () => {
    const context = await makeContext()
    const names = Array.from({ length: 601 }, (_, number) => `p${String(number).padStart(4, '0')}`)
    const publish = (name: string) =>
      publishPackage(context, {
        repository: 'many',
        body: streamOf(packageArchive({ name, version: '1-1' })),
        replace: false,
      })
    await Promise.all(names.toReversed().map(publish))
    const pages = await Array.fromAsync(await listPackages(context, { repository: 'many', arch: 'x86_64' }))
    expect(pages.map((page) => page.length)).toEqual([250, 250, 101])
    expect(pages.flat().map(({ name }) => name)).toEqual(names)
  })
})

describe('the page of a repository', () => {
  test('links its architectures', async () => {
    expect(linksOf(await textOf('/repo/'))).toEqual(['./aarch64/', './x86_64/'])
  })

  test.each([
    ['/repo', './repo/', '/repo/'],
    ['/repo/x86_64', './x86_64/', '/repo/x86_64/'],
  ])('%s leads to it', async (path, location, target) => {
    const response = await get(path)
    expect([response.status, response.headers.get('location')]).toEqual([302, location])
    expect(new URL(location, server.url + path).pathname).toBe(target)
  })
})

describe('what is not there', () => {
  test.each([
    '/none/',
    '/none',
    '/repo/any/',
    '/repo/any',
    '/none/x86_64/',
    '/none/x86_64',
    '/repo/x86_64/x',
  ])('%s is a plain 404 that no cache keeps', async (path) => {
    const response = await get(path)
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toBe('404 Not Found')
  })
})

describe('times for those who mirror', () => {
  test('lastupdate is the time of the last publish or removal, and never goes back', async () => {
    const started = Math.floor(Date.now() / 1000)
    const times = [Number(await textOf('/lastupdate'))]
    expect(await textOf('/lastupdate')).toBe(`${times[0]}\n`)
    await server.publish('mirrored', packageArchive({ name: 'one', version: '1-1' }))
    times.push(Number(await textOf('/lastupdate')))
    await server.publish('mirrored', packageArchive({ name: 'two', version: '1-1' }))
    times.push(Number(await textOf('/lastupdate')))
    await server.request('DELETE', '/mirrored/x86_64/one')
    times.push(Number(await textOf('/lastupdate')))
    await server.request('DELETE', '/mirrored')
    times.push(Number(await textOf('/lastupdate')))
    expect(times.toSorted((a, b) => a - b)).toEqual(times)
    expect(times[1]).toBeGreaterThanOrEqual(started)
  })

  test('lastupdate of a server without repositories is 0', async () => {
    const empty = await startServer()
    expect(await (await fetch(`${empty.url}/lastupdate`)).text()).toBe('0\n')
  })

  test('lastsync is now', async () => {
    const before = Math.floor(Date.now() / 1000)
    const response = await get('/lastsync')
    expect(response.headers.get('cache-control')).toBe('no-cache')
    const text = await response.text()
    expect(text).toMatch(/^\d+\n$/)
    expect(Number(text)).toBeGreaterThanOrEqual(before)
    expect(Number(text)).toBeLessThanOrEqual(Date.now() / 1000)
  })
})
