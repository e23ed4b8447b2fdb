import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { filesIn, sha256, temporaryFolder } from './support/folders.ts'
import { entriesOf, packageArchive } from './support/packages.ts'
import { askRaw, connectRaw, lines } from './support/raw-client.ts'
import { startServer } from './support/server.ts'

const run = promisify(execFile)
const archive = packageArchive()
const filename = 'hello-1.0-1-x86_64.pkg.tar.zst'
const unauthorized =
  '{"message":"401 Unauthorized","data":"","code":"UNAUTHORIZED","hint":"Send a token, or the server’s API key, as `X-Api-Key: TOKEN` or `Authorization: Bearer TOKEN`."}'

describe('the key', () => {
  test.each<[string, Record<string, string>, number]>([
    ['as X-Api-Key', { 'x-api-key': 'secret' }, 200],
    ['as a bearer token', { authorization: 'Bearer secret' }, 200],
    ['as a bearer token in small letters', { authorization: 'bearer secret' }, 200],
    ['wrong', { 'x-api-key': 'Secret' }, 401],
    ['empty', { 'x-api-key': '' }, 401],
    ['longer', { 'x-api-key': 'secretsecret' }, 401],
    ['as a wrong bearer token', { authorization: 'Bearer x' }, 401],
    ['as another scheme', { authorization: 'Basic secret' }, 401],
    ['wrong beside a right token', { 'x-api-key': 'x', authorization: 'Bearer secret' }, 401],
    ['missing', {}, 401],
  ])('%s', async (_, headers, status) => {
    const server = await startServer()
    const response = await fetch(`${server.url}/api/v1/targets`, { headers })
    expect(response.status).toBe(status)
    if (status === 401) expect(Buffer.from(await response.bytes()).toString()).toBe(unauthorized)
  })

  test('is asked for by every change, and nothing changes without it', async () => {
    const server = await startServer()
    await server.publish('repo', archive)
    for (const [method, path] of [
      ['POST', '/repo/publish'],
      ['DELETE', '/repo/x86_64/hello'],
      ['DELETE', '/repo/x86_64'],
      ['DELETE', '/repo'],
      ['DELETE', '/nosuch'],
      ['POST', '/api/v1/targets?kind=git&url=https://e.org/a&repo=r'],
      ['POST', '/api/v1/jobs/queue?target=1&arch=x86_64'],
      ['POST', '/api/v1/jobs/lease?arch=x86_64'],
      ['POST', '/api/v1/jobs/1/extend'],
      ['POST', '/api/v1/logs'],
      ['DELETE', '/api/v1/logs/1'],
    ] as const) {
      const response = await server.request(method, path, { headers: { 'x-api-key': 'wrong' } })
      expect([path, response.status]).toEqual([path, 401])
    }
    expect(await entriesOf(await fetch(`${server.url}/repo/x86_64/repo.db`))).toEqual(['hello-1.0-1'])
  })
})

describe('a wrong key is refused before any body is read', () => {
  test('the answer comes though not one byte of the body was sent', async () => {
    const { port } = await startServer()
    const connection = await connectRaw(port)
    connection.send(
      lines('POST /repo/publish HTTP/1.1', 'Host: x', 'X-Api-Key: wrong', 'Content-Length: 1000000'),
    )
    expect(await connection.until(/UNAUTHORIZED/)).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
  })

  test('a client that asks first is not told to go on', async () => {
    const { port } = await startServer()
    const connection = await connectRaw(port)
    connection.send(
      lines(
        'POST /repo/publish HTTP/1.1',
        'Host: x',
        'X-Api-Key: wrong',
        'Content-Length: 1000000',
        'Expect: 100-continue',
      ),
    )
    const answer = await connection.until(/UNAUTHORIZED/)
    expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
    expect(answer).not.toContain('100 Continue')
  })

  test('so is a wrong name of a repository', async () => {
    const { port } = await startServer()
    const connection = await connectRaw(port)
    connection.send(
      lines(
        'POST /local/publish HTTP/1.1',
        'Host: x',
        'X-Api-Key: secret',
        'Content-Length: 9',
        'Expect: 100-continue',
      ),
    )
    const answer = await connection.until(/REPOSITORY_NAME_INVALID/)
    expect(answer).not.toContain('100 Continue')
  })
})

describe('a client that asks first (Expect: 100-continue)', () => {
  test('is told to go on when the body is wanted, then answered', async () => {
    const { port } = await startServer()
    const connection = await connectRaw(port)
    connection.send(
      lines(
        'POST /repo/publish HTTP/1.1',
        'Host: x',
        'X-Api-Key: secret',
        `Content-Length: ${archive.length}`,
        'Expect: 100-Continue',
      ),
    )
    expect(await connection.until(/\r\n\r\n/)).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    connection.send(archive)
    expect(await connection.until(/"archs"/)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  })

  test('curl -T does not wait its second', async () => {
    const { url } = await startServer()
    const file = join(temporaryFolder(onTestFinished), filename)
    // Above 1 MiB curl asks first, whatever its version.
    const large = packageArchive({ files: { 'usr/hello': Buffer.alloc(3 << 20).toString('hex') } }, 'tar')
    writeFileSync(file, large)
    const format = '%{http_code} %{time_total} %{size_upload}'
    const { stdout } = await run('curl', [
      ...['-s', '-o', '/dev/null', '-w', format],
      ...[
        '-H',
        'X-Api-Key: secret',
        '-H',
        'Expect: 100-continue',
        '-XPOST',
        '-T',
        file,
        `${url}/repo/publish`,
      ],
    ])
    const [status, seconds, size] = stdout.split(' ').map(Number)
    expect([status, size]).toEqual([200, large.length])
    expect(seconds).toBeLessThan(0.95)
  })

  test('with HTTP/1.0 is not: that knows no 100', async () => {
    const { port } = await startServer()
    const connection = await connectRaw(port)
    connection.send(
      lines(
        'POST /repo/publish HTTP/1.0',
        'X-Api-Key: secret',
        `Content-Length: ${archive.length}`,
        'Expect: 100-continue',
      ),
    )
    connection.send(archive)
    expect(await connection.untilClosed()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })
})

describe('a body', () => {
  test('of neither a length nor chunked coding is 411', async () => {
    const { port } = await startServer()
    const answer = await askRaw(port, 'POST /repo/publish HTTP/1.1', 'Host: x', 'X-Api-Key: secret')
    expect(answer).toMatch(/^HTTP\/1\.1 411 Length Required\r\n/)
    expect(answer).toContain('"code":"LENGTH_REQUIRED"')
  })

  test('of length 0 has a length, but is no package', async () => {
    const server = await startServer()
    const response = await server.publish('repo', new Uint8Array(0))
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'PACKAGE_INVALID' })
  })

  test('in chunked coding is taken', async () => {
    const server = await startServer()
    const response = await server.request('POST', '/repo/publish', {
      body: new Blob([Uint8Array.from(archive)]).stream(),
    })
    expect(await response.json()).toEqual({
      message: '',
      data: { name: 'hello', version: '1.0-1', archs: ['x86_64'] },
    })
  })

  test('in chunked coding that breaks off is not', async () => {
    const server = await startServer()
    const connection = await connectRaw(server.port)
    connection.send(
      lines('POST /repo/publish HTTP/1.1', 'Host: x', 'X-Api-Key: secret', 'Transfer-Encoding: chunked'),
    )
    connection.send(`${archive.length.toString(16)}\r\n`)
    connection.send(archive)
    connection.send('\r\nnonsense\r\n')
    expect(await connection.untilClosed()).not.toContain('200 OK')
    expect((await fetch(`${server.url}/repo/x86_64/repo.db`)).status).toBe(404)
  })

  test('of any media type, or none, is taken: old scripts say all kinds of things', async () => {
    const server = await startServer()
    for (const type of [
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/plain',
    ]) {
      const response = await server.request('POST', '/repo/publish', {
        headers: { 'content-type': type },
        body: Uint8Array.from(archive),
      })
      expect([type, response.status]).toEqual([type, 200])
    }
    const connection = await connectRaw(server.port)
    connection.send(
      lines(
        'POST /repo/publish HTTP/1.1',
        'Host: x',
        'X-Api-Key: secret',
        `Content-Length: ${archive.length}`,
      ),
    )
    connection.send(archive)
    expect(await connection.until(/\}\}/)).toMatch(/^HTTP\/1\.1 200/)
  })
})

describe('a body that is refused', () => {
  test('is thrown away, so that a client which sends first and reads then gets its answer', async () => {
    const { port } = await startServer()
    for (const connectionHeader of ['close', 'keep-alive']) {
      const connection = await connectRaw(port)
      const size = 8 << 20
      connection.send(
        lines(
          'POST /repo/publish HTTP/1.1',
          'Host: x',
          'X-Api-Key: wrong',
          `Content-Length: ${size}`,
          `Connection: ${connectionHeader}`,
        ),
      )
      connection.socket.pause()
      for (let left = size; left > 0; left -= 1 << 16)
        if (!connection.socket.write(Buffer.alloc(1 << 16))) await once(connection.socket, 'drain')
      connection.socket.resume()
      expect(await connection.until(/UNAUTHORIZED/)).toMatch(/^HTTP\/1\.1 401/)
    }
  })

  test('leaves the connection usable for the next request', async () => {
    const { port } = await startServer()
    const connection = await connectRaw(port)
    const body = Buffer.alloc(300_000, 'x')
    const head = lines(
      'POST /repo/publish HTTP/1.1',
      'Host: x',
      'X-Api-Key: secret',
      `Content-Length: ${body.length}`,
    )
    connection.send(head)
    connection.send(body)
    await connection.until(/PACKAGE_INVALID/)
    connection.send(lines('GET /health HTTP/1.1', 'Host: x'))
    expect(await connection.until(/Healthy/)).toMatch(/^HTTP\/1\.1 400/)
  })

  test('also when the archive turns out bad while it streams', async () => {
    const { port } = await startServer()
    for (const compression of ['zst', 'gz', 'xz'] as const) {
      const connection = await connectRaw(port)
      const bad = packageArchive({ files: { '../escape': 'x'.repeat(1000) } }, compression)
      const rest = Buffer.alloc(4 << 20, 'x')
      const length = `Content-Length: ${bad.length + rest.length}`
      connection.send(lines('POST /repo/publish HTTP/1.1', 'Host: x', 'X-Api-Key: secret', length))
      connection.send(bad)
      connection.send(rest)
      await connection.until(/PACKAGE_INVALID/)
      connection.send(lines('GET /health HTTP/1.1', 'Host: x'))
      await connection.until(/Healthy/)
    }
  })

  test('is not taken for ever: who goes on sending is cut off', async () => {
    const { port } = await startServer()
    const connection = await connectRaw(port)
    connection.send(
      lines('POST /repo/publish HTTP/1.1', 'Host: x', 'X-Api-Key: wrong', `Content-Length: ${2 ** 40}`),
    )
    const closed = connection.untilClosed()
    let sent = 0
    while (!connection.socket.destroyed && sent < 200 << 20) {
      sent += 1 << 16
      if (connection.socket.write(Buffer.alloc(1 << 16))) continue
      await Promise.race([once(connection.socket, 'drain').catch(() => {}), closed])
    }
    expect(await closed).toMatch(/^HTTP\/1\.1 401/)
    expect(sent).toBeLessThan(100 << 20)
  })
})

describe('a connection that is cut in the middle of a body', () => {
  test.each(['zst', 'gz', 'xz', 'tar'] as const)('leaves nothing of it (%s)', async (compression) => {
    const server = await startServer()
    const before = filesIn(join(server.folder, 'packages'))
    const whole = packageArchive(
      { files: { 'usr/hello': Buffer.alloc(200_000).toString('hex') } },
      compression,
    )
    const connection = await connectRaw(server.port)
    connection.send(
      lines(
        'POST /repo/publish HTTP/1.1',
        'Host: x',
        'X-Api-Key: secret',
        `Content-Length: ${whole.length}`,
        'Expect: 100-continue',
      ),
    )
    await connection.until(/100 Continue/)
    connection.send(whole.subarray(0, Math.floor(whole.length / 2)))
    connection.socket.end()
    await connection.untilClosed()
    // Stopping waits for what is under way, the clearing up included.
    await server.app.stop()
    expect(filesIn(join(server.folder, 'packages'))).toEqual(before)
    expect(server.log).toEqual([])
  })
})

describe('a client of old manners', () => {
  test('Connection: close, a Host without a port', async () => {
    const { port } = await startServer()
    const answer = await askRaw(
      port,
      'GET /api/v1/targets?limit=25&offset=0&repo&query&arch HTTP/1.1',
      'Host: 127.0.0.1',
      'User-Agent: v.http',
      'X-Api-Key: secret',
    )
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toMatch(/\r\nconnection: close\r\n/i)
    expect(answer).toMatch(/\r\n\r\n\{"message":"","data":\[\]\}$/)
  })

  test('HTTP/1.0 gets its file and the end of the connection', async () => {
    const server = await startServer()
    await server.publish('repo', archive)
    const connection = await connectRaw(server.port)
    connection.send(lines(`GET /repo/x86_64/${filename} HTTP/1.0`))
    const answer = await connection.untilClosed()
    const body = Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1')
    expect(sha256(body)).toBe(sha256(archive))
  })
})

test('a port that is taken is told as such', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => {
    taken.close()
  })
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  await expect(startServer({ settings: { port } })).rejects.toMatchObject({
    code: 'ADDRESS_IN_USE',
    message: `Another program listens on 127.0.0.1:${port} already.`,
  })
})
