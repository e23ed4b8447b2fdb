import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { endOfFile, sha256 } from './support/folders.ts'
import { entriesOf, packageArchive, readServedDatabase } from './support/packages.ts'
import { askRaw } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'

const archive = packageArchive({ name: 'hello', version: '1.0-1', pkginfo: 'pkgdesc = A greeting\n' })
const filename = 'hello-1.0-1-x86_64.pkg.tar.zst'

const onEnd = endOfFile()
let server: TestServer

beforeAll(async () => {
  server = await startServer({ onEnd })
  expect((await server.publish('repo', archive)).status).toBe(200)
})

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(server.url + path, { headers })
}

describe('a package file', () => {
  test('is served whole under its name, kept by caches for ever', async () => {
    const response = await get(`/repo/x86_64/${filename}`)
    expect(response.status).toBe(200)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-length': String(archive.length),
      'accept-ranges': 'bytes',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': 'application/zstd',
      etag: `"${sha256(archive)}"`,
      'x-content-type-options': 'nosniff',
    })
    expect(sha256(await response.bytes())).toBe(sha256(archive))
  })

  test('answers HEAD with the same headers and no body', async () => {
    const response = await server.request('HEAD', `/repo/x86_64/${filename}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe(String(archive.length))
    expect((await response.bytes()).length).toBe(0)
  })

  test.each([
    ['of another architecture', `/repo/aarch64/${filename}`],
    ['of another repository', `/other/x86_64/${filename}`],
    ['that was never published', '/repo/x86_64/hello-2.0-1-x86_64.pkg.tar.zst'],
    ['of a signature', `/repo/x86_64/${filename}.sig`],
  ])('%s is a plain 404', async (_, path) => {
    const response = await get(path)
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toBe('404 Not Found')
  })
})

describe('a database', () => {
  test.each(['repo.db', 'repo.db.tar.gz', 'repo.files', 'repo.files.tar.gz'])(
    'is served as %s',
    async (name) => {
      const response = await get(`/repo/x86_64/${name}`)
      expect(response.status).toBe(200)
      expect(response.headers.get('cache-control')).toBe('no-cache')
      const [entry, ...others] = await readServedDatabase(response)
      expect(others).toEqual([])
      expect(entry).toMatchObject({ name: 'hello', version: '1.0-1' })
      expect(entry?.files).toBe(name.includes('files') ? '%FILES%\nusr/\nusr/hello\n' : undefined)
    },
  )

  test.each(['repo.db.sig', 'other.db', 'repo.db.tar.zst', 'repo', '.db'])(
    '%s is not there',
    async (name) => {
      expect((await get(`/repo/x86_64/${name}`)).status).toBe(404)
    },
  )

  test('is one gzip member that any reader takes', async () => {
    const bytes = await (await get('/repo/x86_64/repo.db')).bytes()
    expect(gunzipSync(bytes).length % 512).toBe(0)
  })
})

describe('NAME-VERSION', () => {
  test('is the desc of the entry, in the order of its fields', async () => {
    const response = await get('/repo/x86_64/hello-1.0-1')
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const text = await response.text()
    expect(Array.from(text.matchAll(/^%(.*)%$/gm), ([, field]) => field)).toEqual([
      'FILENAME',
      'NAME',
      'BASE',
      'VERSION',
      'DESC',
      'CSIZE',
      'ISIZE',
      'SHA256SUM',
      'ARCH',
      'BUILDDATE',
    ])
    expect(text).toContain(`%FILENAME%\n${filename}\n`)
    expect(text).toContain(`%SHA256SUM%\n${sha256(archive)}\n`)
  })

  test('tells by HEAD whether a version is published', async () => {
    const ask = async (name: string) => (await server.request('HEAD', `/repo/x86_64/${name}`)).status
    expect(await Promise.all(['hello-1.0-1', 'hello-1.0-2', 'hello-1.0', 'hell-1.0-1'].map(ask))).toEqual([
      200, 404, 404, 404,
    ])
  })
})

describe('names with characters that addresses escape', () => {
  const name = 'libsigc++'
  const special = packageArchive({ name, version: '2:1.1~rc1+x-1' })
  const file = `${name}-2:1.1~rc1+x-1-x86_64.pkg.tar.zst`

  beforeAll(async () => {
    expect(await (await server.publish('c++', special)).json()).toMatchObject({
      data: { name, version: '2:1.1~rc1+x-1' },
    })
  })

  test.each([
    ['as they are', file],
    ['escaped', encodeURIComponent(file)],
    ['escaped in small letters', file.replaceAll(':', '%3a').replaceAll('+', '%2b').replaceAll('~', '%7e')],
  ])('are found %s', async (_, path) => {
    const answer = await askRaw(server.port, `GET /c++/x86_64/${path} HTTP/1.1`, 'Host: x')
    expect(answer).toContain('HTTP/1.1 200 OK')
    expect(answer).toContain(`etag: "${sha256(special)}"`)
  })

  test('and their desc as well', async () => {
    expect((await get('/c++/x86_64/libsigc++-2:1.1~rc1+x-1')).status).toBe(200)
    expect((await get('/c++/x86_64/libsigc%2B%2B-2%3A1.1~rc1%2Bx-1')).status).toBe(200)
  })

  test('a blank is never read from a plus', async () => {
    expect((await get('/c%20%20/x86_64/c++.db')).status).toBe(404)
  })
})

describe('a part of a file', () => {
  const size = archive.length

  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=0-3', 0, 3],
    ['bytes=4-', 4, size - 1],
    ['bytes=-5', size - 5, size - 1],
    [`bytes=-${size + 10}`, 0, size - 1],
    [`bytes=${size - 1}-`, size - 1, size - 1],
    ['bytes=4-999999999999', 4, size - 1],
    ['Bytes=1-2', 1, 2],
  ])('%s', async (range, start, end) => {
    const response = await get(`/repo/x86_64/${filename}`, { range })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end}/${size}`)
    expect(response.headers.get('content-length')).toBe(String(end - start + 1))
    expect(Buffer.from(await response.bytes())).toEqual(archive.subarray(start, end + 1))
  })

  test.each([`bytes=${size}-`, 'bytes=999999999999999999999-', 'bytes=-0'])(
    '%s lies outside: 416',
    async (range) => {
      const response = await get(`/repo/x86_64/${filename}`, { range })
      expect(response.status).toBe(416)
      expect(response.headers.get('content-range')).toBe(`bytes */${size}`)
      expect(await response.text()).toBe('')
    },
  )

  test.each(['items=0-3', 'bytes=3-1', 'bytes=a-b', 'bytes=-', 'bytes'])(
    '%s may be ignored, and is',
    async (range) => {
      const response = await get(`/repo/x86_64/${filename}`, { range })
      expect(response.status).toBe(200)
      expect(response.headers.get('content-range')).toBeNull()
      expect((await response.bytes()).length).toBe(size)
    },
  )

  test('HEAD has no parts: Range is for GET alone', async () => {
    const response = await server.request('HEAD', `/repo/x86_64/${filename}`, {
      headers: { range: 'bytes=0-3' },
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe(String(size))
  })

  test('If-Range asks for the whole file when it is another by now', async () => {
    const whole = await get(`/repo/x86_64/${filename}`)
    const etag = whole.headers.get('etag') ?? ''
    const date = whole.headers.get('last-modified') ?? ''
    await whole.bytes()
    const ask = async (condition: string) => {
      const headers = { range: 'bytes=0-3', 'if-range': condition }
      return (await get(`/repo/x86_64/${filename}`, headers)).status
    }
    expect(await ask(etag)).toBe(206)
    expect(await ask(date)).toBe(206)
    expect(await ask('"another"')).toBe(200)
    expect(await ask(`W/${etag}`)).toBe(200)
    expect(await ask('Thu, 01 Jan 2015 00:00:00 GMT')).toBe(200)
  })

  test('databases have parts too', async () => {
    const whole = await (await get('/repo/x86_64/repo.db')).bytes()
    const part = await get('/repo/x86_64/repo.db', { range: 'bytes=10-' })
    expect(part.status).toBe(206)
    expect(Buffer.from(await part.bytes())).toEqual(Buffer.from(whole.subarray(10)))
  })
})

describe('a client that has the file already', () => {
  test('by ETag: 304 without a body', async () => {
    const etag = (await get('/repo/x86_64/repo.db')).headers.get('etag') ?? ''
    for (const tags of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const response = await get('/repo/x86_64/repo.db', { 'if-none-match': tags })
      expect(response.status).toBe(304)
      expect(response.headers.get('etag')).toBe(etag)
      expect(await response.text()).toBe('')
    }
    expect((await get('/repo/x86_64/repo.db', { 'if-none-match': '"x"' })).status).toBe(200)
  })

  test('the ETag outweighs the date', async () => {
    const date = (await get('/repo/x86_64/repo.db')).headers.get('last-modified') ?? ''
    const headers = { 'if-none-match': '"x"', 'if-modified-since': date }
    expect((await get('/repo/x86_64/repo.db', headers)).status).toBe(200)
  })

  describe('by date, as pacman asks', () => {
    async function ask(shift: number): Promise<{ status: number; date: string | null; sent: string | null }> {
      const date = (await get('/repo/x86_64/repo.db')).headers.get('last-modified') ?? ''
      const since = new Date(Date.parse(date) + shift * 1000).toUTCString()
      const response = await get('/repo/x86_64/repo.db', { 'if-modified-since': since })
      return { status: response.status, date, sent: response.headers.get('last-modified') }
    }

    test('the same date is a 304', async () => {
      expect((await ask(0)).status).toBe(304)
    })

    test('the 304 says the same, whether or not its request takes the way of pacman’s', async () => {
      const ask = async (path: string) => {
        const date = (await get('/repo/x86_64/repo.files')).headers.get('last-modified') ?? ''
        const { status, headers } = await get(path, { 'if-modified-since': date })
        const { date: _, 'x-request-id': id, ...others } = Object.fromEntries(headers)
        return { status, others, hasId: /^[0-9a-f]{16}$/.test(id ?? '') }
      }
      const plain = await ask('/repo/x86_64/repo.files')
      expect(plain).toMatchObject({ status: 304, hasId: true })
      for (const path of [
        '/repo/x86_64/%72epo.files',
        '/repo/x86_64/repo.files?x',
        '/repo/x86_64/repo.files.tar.gz',
      ])
        expect(await ask(path)).toEqual(plain)
    })

    test('an older one is a 200 with the date', async () => {
      const { status, date, sent } = await ask(-1)
      expect([status, sent]).toEqual([200, date])
    })

    test('one in the future, which is not from here, is a 200 without a date: with one pacman throws it away', async () => {
      expect(await ask(1000)).toMatchObject({ status: 200, sent: null })
      expect(await ask(100_000_000)).toMatchObject({ status: 200, sent: null })
    })

    test('one that is none is ignored', async () => {
      const response = await get('/repo/x86_64/repo.db', { 'if-modified-since': 'yesterday' })
      expect(response.status).toBe(200)
      expect(response.headers.get('last-modified')).not.toBeNull()
    })
  })

  test('two publishes within a second get dates a second apart at least', async () => {
    const dateOf = async (name: string) =>
      Date.parse((await get(`/quick/x86_64/quick.${name}`)).headers.get('last-modified') ?? '') / 1000
    const dates: number[] = []
    for (const version of ['1-1', '2-1', '3-1']) {
      await server.publish('quick', packageArchive({ name: 'q', version }))
      dates.push(await dateOf('db'))
      expect(await dateOf('files')).toBe(dates.at(-1))
    }
    const [first = 0, second = 0, third = 0] = dates
    expect(second - first).toBeGreaterThanOrEqual(1)
    expect(third - second).toBeGreaterThanOrEqual(1)
    expect(await entriesOf(await get('/quick/x86_64/quick.db'))).toEqual(['q-3-1'])
  })
})

describe('a path that wants out', () => {
  test.each([
    '/repo/..%2f..%2f..%2fstore.sqlite',
    '/repo/x86_64/..%2f..%2fstore.sqlite',
    '/repo/x86_64/%2e%2e%2fstore.sqlite',
    '/..%2f..%2fetc/x86_64/passwd',
    '/repo/%2e%2e/store.sqlite',
    '/repo/../store.sqlite',
    '/../../../etc/passwd',
    '//etc/passwd',
    '//',
    '///',
    '/repo//x86_64/repo.db',
    '/repo/x86_64//etc/passwd',
    '/repo/x86_64/%00',
    '/repo/x86_64/repo.db%00',
    '/repo%00/x86_64/repo%00.db',
    '/repo/x86_64/%',
    '/repo/x86_64/%zz',
    '/repo/x86_64/%e0%a4%a',
    '/%ff/%fe/%fd',
    '/repo/x86_64/%ff%fe-1-1',
    "/repo/x86_64/'%20or%201=1--",
    `/repo/x86_64/${'a'.repeat(5000)}`,
    `/${'a/'.repeat(2000)}`,
    '/api-key',
    '/store.sqlite',
    '/.staging',
    'x',
    '/repo/x86_64/repo.db\\..\\..\\store.sqlite',
  ])('%s finds nothing', async (path) => {
    const answer = await askRaw(server.port, `GET ${path} HTTP/1.1`, 'Host: x')
    expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /)
    expect(server.log).toEqual([])
  })

  test('a bad escape is told in the envelope', async () => {
    const response = await get('/repo/x86_64/%zz')
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({
      message: "'/repo/x86_64/%zz' is not a valid url component",
      data: '',
      code: 'PARAMETER_INVALID',
      hint: 'Correct the parameter that the message names.',
    })
  })
})
