import { beforeAll, describe, expect, test } from 'vitest'
import { endOfFile } from './support/folders.ts'
import { packageArchive } from './support/packages.ts'
import { askRaw, connectRaw, lines } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'

const archive = packageArchive({ name: 'hello', version: '1.0-1' })
const size = archive.length
const path = '/repo/x86_64/hello-1.0-1-x86_64.pkg.tar.zst'
const database = '/repo/x86_64/repo.db'

const onEnd = endOfFile()
let server: TestServer

beforeAll(async () => {
  server = await startServer({ onEnd })
  expect((await server.publish('repo', archive)).status).toBe(200)
})

function get(address: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(server.url + address, { headers })
}

interface Part {
  type: string
  range: string
  bytes: Buffer
}

/** The parts of a multipart/byteranges body. */
async function readParts(response: Response): Promise<Part[]> {
  const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(response.headers.get('content-type') ?? '')
  const body = Buffer.from(await response.bytes())
  expect(response.headers.get('content-length')).toBe(String(body.length))
  const pieces = body.toString('latin1').split(`\r\n--${boundary?.[1]}`)
  expect([pieces.shift(), pieces.pop()]).toEqual(['', '--\r\n'])
  return pieces.map((piece) => {
    const [, type = '', range = '', bytes = ''] =
      /^\r\nContent-Type: ([^\r]*)\r\nContent-Range: ([^\r]*)\r\n\r\n(.*)$/s.exec(piece) ?? []
    return { type, range, bytes: Buffer.from(bytes, 'latin1') }
  })
}

describe('several parts of a file', () => {
  test.each([
    ['bytes=0-1,3-4', ['0-1', '3-4']],
    ['bytes=10-19, 0-9 ,-3', ['10-19', '0-9', `${size - 3}-${size - 1}`]],
    ['bytes=,0-0,,2-2,', ['0-0', '2-2']],
    [`bytes=0-0,5-,${size}-`, ['0-0', `5-${size - 1}`]],
    [`bytes=${Array.from({ length: 16 }, (_, part) => `${2 * part}-${2 * part}`).join()}`, 16],
  ])('%s: each with its place, in the order asked for', async (range, expected) => {
    const response = await get(path, { range })
    expect([response.status, response.headers.get('content-range')]).toEqual([206, null])
    const parts = await readParts(response)
    if (typeof expected === 'number') expect(parts).toHaveLength(expected)
    else expect(parts.map((part) => part.range)).toEqual(expected.map((one) => `bytes ${one}/${size}`))
    for (const part of parts) {
      const [, start, end] = /^bytes (\d+)-(\d+)\//.exec(part.range) ?? []
      expect(part.bytes).toEqual(archive.subarray(Number(start), Number(end) + 1))
      expect(part.type).toBe('application/zstd')
    }
  })

  test('of which one alone lies inside are that part', async () => {
    const response = await get(path, { range: `bytes=2-3,${size}-` })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(`bytes 2-3/${size}`)
    expect(Buffer.from(await response.bytes())).toEqual(archive.subarray(2, 4))
  })

  test('of which none lies inside are a 416', async () => {
    const response = await get(path, { range: `bytes=${size}-,${size + 5}-${size + 9}` })
    expect([response.status, response.headers.get('content-range')]).toEqual([416, `bytes */${size}`])
  })

  test.each([
    ['more than 16', `bytes=${Array.from({ length: 17 }, (_, part) => `${2 * part}-${2 * part}`).join()}`],
    ['thousands', `bytes=${Array.from({ length: 3000 }, () => '0-0').join()}`],
    ['that overlap', 'bytes=0-5,5-9'],
    ['that overlap at the end', 'bytes=-5,-3'],
    ['of which one is no range', 'bytes=0-1,x'],
    ['of which one ends before it begins', 'bytes=0-1,9-8'],
    ['none', 'bytes=,,'],
  ])('%s: the whole file', async (_, range) => {
    const response = await get(path, { range })
    expect([response.status, response.headers.get('content-range')]).toEqual([200, null])
    expect(Buffer.from(await response.bytes())).toEqual(archive)
  })

  test('a database has them as well', async () => {
    const whole = Buffer.from(await (await get(database)).bytes())
    const parts = await readParts(await get(database, { range: 'bytes=0-9,20-' }))
    expect(parts.map(({ bytes }) => bytes)).toEqual([whole.subarray(0, 10), whole.subarray(20)])
    expect(parts[0]?.type).toBe('application/gzip')
  })
})

describe('conditions', () => {
  async function validators(address: string): Promise<{ etag: string; date: string }> {
    const response = await server.request('HEAD', address)
    return {
      etag: response.headers.get('etag') ?? '',
      date: response.headers.get('last-modified') ?? '',
    }
  }

  function shift(date: string, seconds: number): string {
    return new Date(Date.parse(date) + seconds * 1000).toUTCString()
  }

  async function statusOf(address: string, headers: Record<string, string>): Promise<number> {
    const response = await get(address, headers)
    await response.bytes()
    return response.status
  }

  test('a package never changes: it is unchanged since its date and since any later one', async () => {
    const { date } = await validators(path)
    const ask = (seconds: number) => statusOf(path, { 'if-modified-since': shift(date, seconds) })
    expect(await Promise.all([-1, 0, 1, 100_000_000].map(ask))).toEqual([200, 304, 304, 304])
  })

  test('a date may be written in the two forms of old', async () => {
    const { date } = await validators(database)
    const time = new Date(date)
    const [, day = '', month = '', year = '', clock = ''] =
      /^..., (\d\d) (...) (\d{4}) ([\d:]+) GMT$/.exec(date) ?? []
    const weekday = time.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' })
    const old = [
      `${weekday}, ${day}-${month}-${year.slice(2)} ${clock} GMT`,
      `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${clock} ${year}`,
    ]
    for (const form of old) expect(await statusOf(database, { 'if-modified-since': form })).toBe(304)
    for (const bad of [date.replace('GMT', 'CET'), time.toISOString(), `${date} `.repeat(2), '0'])
      expect(await statusOf(database, { 'if-modified-since': bad })).toBe(200)
  })

  test('a client that wants another file than this gets none', async () => {
    const { etag, date } = await validators(path)
    expect(await statusOf(path, { 'if-match': etag })).toBe(200)
    expect(await statusOf(path, { 'if-match': `"x", ${etag}` })).toBe(200)
    expect(await statusOf(path, { 'if-match': '*' })).toBe(200)
    expect(await statusOf(path, { 'if-match': '"x"' })).toBe(412)
    expect(await statusOf(path, { 'if-match': `W/${etag}` })).toBe(412)
    expect(await statusOf(path, { 'if-unmodified-since': date })).toBe(200)
    expect(await statusOf(path, { 'if-unmodified-since': shift(date, -1) })).toBe(412)
    expect(await statusOf(path, { 'if-match': etag, 'if-unmodified-since': shift(date, -1) })).toBe(200)
  })

  test('come before the range', async () => {
    const { etag } = await validators(path)
    expect(await statusOf(path, { 'if-none-match': etag, range: 'bytes=0-0' })).toBe(304)
  })

  test('HEAD answers them like GET', async () => {
    const { etag } = await validators(path)
    const response = await server.request('HEAD', path, { headers: { 'if-none-match': etag } })
    expect([response.status, response.headers.get('content-length')]).toEqual([304, null])
  })
})

describe('one connection', () => {
  test('takes requests that are sent ahead, and answers them in their order', async () => {
    const connection = await connectRaw(server.port)
    const ask = (...more: string[]) => lines(`GET ${path} HTTP/1.1`, 'Host: x', ...more)
    connection.send(
      ask('Range: bytes=0-3') + ask('Range: bytes=1-1,3-3') + lines('HEAD / HTTP/1.1', 'Host: x') + ask(),
    )
    const answers = await connection.until(/302 Found.*HTTP\/1\.1 200 OK/s)
    expect(answers.match(/HTTP\/1\.1 \d+|content-range: .*/g)?.slice(0, 6)).toEqual([
      'HTTP/1.1 206',
      `content-range: bytes 0-3/${size}`,
      'HTTP/1.1 206',
      'HTTP/1.1 302',
      'HTTP/1.1 200',
    ])
  })

  test('goes on after a GET with a body', async () => {
    const connection = await connectRaw(server.port)
    for (const target of [path, database, '/repo/x86_64/missing', '/health']) {
      connection.send(`${lines(`GET ${target} HTTP/1.1`, 'Host: x', 'Content-Length: 5')}hello`)
    }
    connection.send(lines('GET /health HTTP/1.1', 'Host: x', 'Connection: close'))
    const answers = await connection.untilClosed()
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(
      [200, 200, 404, 200, 200].map((code) => `HTTP/1.1 ${code}`),
    )
  })

  test('is closed under a client that sends thousands of requests and reads no answer', async () => {
    const connection = await connectRaw(server.port)
    connection.send(lines(`GET ${path} HTTP/1.1`, 'Host: x').repeat(5000))
    await connection.untilClosed()
    expect((await askRaw(server.port, 'GET /health HTTP/1.1', 'Host: x')).slice(0, 15)).toBe(
      'HTTP/1.1 200 OK',
    )
  })
})
