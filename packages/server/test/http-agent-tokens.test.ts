import { type Client, contract, createClient, type Endpoint, type Lease } from '@vieter/api'
import { describe, expect, test } from 'vitest'
import { packageArchive } from './support/packages.ts'
import { askRaw, connectRaw, lines } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'

interface Site {
  server: TestServer
  /** Of two agents, the tokens. */
  stolen: string
  honest: string
}

/** A server with a private repository for each of two agents, a target of each, and a queued job of each. */
async function startSite(scopes: readonly [string, string] = ['agent', 'agent']): Promise<Site> {
  const server = await startServer()
  const { client } = server
  for (const repo of ['one', 'two']) {
    await server.publish(repo, packageArchive())
    await server.request('PATCH', `/api/v1/repos/${repo}?access=token`)
    const query = { kind: 'git', url: `https://e.org/${repo}.git`, repo }
    const target = await client.call(contract.addTarget, { query })
    await client.call(contract.enqueueJob, { query: { target, arch: 'x86_64' } })
  }
  const make = async (name: string, scope: string) =>
    (await client.call(contract.createToken, { query: { name, scope: [scope], arch: ['x86_64'] } })).token
  return { server, stolen: await make('stolen', scopes[0]), honest: await make('honest', scopes[1]) }
}

function clientOf({ url }: TestServer, apiKey: string): Client {
  return createClient({ address: url, apiKey })
}

async function leaseOne(client: Client): Promise<Lease> {
  const [lease] = await client.call(contract.leaseJobs, { query: { arch: ['x86_64'] } })
  if (!lease) throw new Error('no job was leased')
  return lease
}

/** What a thief tries: each endpoint, about what the others have, with all that could be known of it. */
function theftOf({ id, path, method, query }: Endpoint, victim: Lease) {
  const values: Record<string, string> = {
    repo: victim.repo,
    arch: 'x86_64',
    id: path.includes('/jobs/')
      ? `${victim.job_id}`
      : `${path.includes('/logs/') ? victim.log_id : victim.target_id}`,
    filename: `${victim.repo}.db`,
    pkgname: 'hello',
    name: 'honest',
    list: 'core',
  }
  const given: Record<string, string> = {
    ...{
      name: id === 'createToken' ? 'mine' : 'new',
      scope: 'admin',
      kind: 'git',
      url: 'https://e.org/x',
      repo: victim.repo,
    },
    ...{ target: `${victim.target_id}`, arch: 'x86_64', max: '9', offset: '0', exit_code: '0' },
    ...{ startTime: '1', endTime: '2', exitCode: '0', names: 'hello', version: '1.0', access: 'public' },
  }
  const asked = new URLSearchParams(Object.entries(given).filter(([name]) => name in query.properties))
  const filled = path.replaceAll(/:([a-z]+)/g, (_, name: string) => values[name] ?? 'x')
  return { method, path: `${filled}?${asked}` }
}

describe('a stolen agent token', () => {
  test('is answered for its own lease, and for nothing else in the whole contract', async () => {
    const { server, stolen, honest } = await startSite()
    const [thief, owner] = [clientOf(server, stolen), clientOf(server, honest)]
    const own = await leaseOne(thief)
    const victim = await leaseOne(owner)
    expect([own.repo, victim.repo]).toEqual(['one', 'two'])

    const answered: string[] = []
    for (const endpoint of Object.values(contract) as readonly Endpoint[]) {
      const { method, path } = theftOf(endpoint, victim)
      const headers = { 'x-api-key': stolen, 'x-lease-token': victim.token }
      const body = endpoint.body === 'none' ? {} : { body: Uint8Array.from(packageArchive()) }
      const answer = await server.request(method, path, { headers, ...body })
      const { code } = JSON.parse(answer.ok ? '{}' : await answer.text()) as { code?: string }
      if (code === undefined) answered.push(endpoint.id)
      else
        expect([endpoint.id, code]).toEqual([
          endpoint.id,
          endpoint.auth === 'lease' ? 'LEASE_LOST' : expect.stringMatching(/^(FORBIDDEN|ROUTE_NOT_FOUND)$/),
        ])
    }
    // What is open to all, and more work.
    expect(answered).toEqual([
      'health',
      'getLastUpdate',
      'getLastSync',
      'listRepositories',
      'listPackages',
      'leaseJobs',
      'getOpenapi',
      'getReference',
    ])

    const held = { params: { id: own.job_id }, leaseToken: own.token }
    const body = Uint8Array.from(packageArchive({ version: '2-1' }))
    expect((await thief.call(contract.extendLease, held)).expires_at).toBeGreaterThan(0)
    expect(await thief.call(contract.appendLog, { ...held, query: { offset: 0 }, body: 'x' })).toEqual({
      size: 1,
    })
    expect(await thief.call(contract.uploadBuiltPackage, { ...held, body })).toMatchObject({ version: '2-1' })
    const readings = async () => {
      const paths = [
        '/one/x86_64/one.db',
        '/api/v1/repos/one/served?names=hello&version=1.0',
        '/two/x86_64/two.db',
      ]
      const answers = paths.map((path) => server.request('GET', path, { headers: { 'x-api-key': stolen } }))
      return (await Promise.all(answers)).map(({ status }) => status)
    }
    expect(await readings()).toEqual([200, 200, 403])
    expect(await thief.call(contract.finishBuild, { ...held, query: { exit_code: 0 } })).toMatchObject({
      published: [{ name: 'hello', version: '2-1' }],
    })
    expect(await readings()).toEqual([403, 403, 403])

    const rest = { params: { id: victim.job_id }, leaseToken: victim.token, query: { exit_code: 0 } }
    expect(await owner.call(contract.finishBuild, rest)).toMatchObject({
      log_id: victim.log_id,
      published: [],
    })
    expect(await server.client.call(contract.getLogContent, { params: { id: victim.log_id } })).toBe('')
    expect((await server.client.call(contract.listTokens, {})).map(({ name }) => name)).toEqual([
      'honest',
      'stolen',
    ])
  })

  test('leases nothing for other architectures, also among its own', async () => {
    const { server, stolen } = await startSite()
    for (const arch of ['aarch64', 'x86_64,aarch64', 'x86_64&arch=aarch64', 'aarch64%20']) {
      const headers = { 'x-api-key': stolen }
      const answer = await server.request('POST', `/api/v1/jobs/lease?arch=${arch}`, { headers })
      expect([answer.status, await answer.json()]).toEqual([
        403,
        expect.objectContaining({ code: 'FORBIDDEN' }),
      ])
    }
  })

  test('that is revoked loses its leases: they expire', async () => {
    const { server, stolen } = await startSite()
    const thief = clientOf(server, stolen)
    const { job_id, token } = await leaseOne(thief)
    await server.client.call(contract.revokeToken, { params: { name: 'stolen' } })
    await expect(
      thief.call(contract.extendLease, { params: { id: job_id }, leaseToken: token }),
    ).rejects.toThrow('The token stolen was revoked.')
  })
})

describe('an agent of Vieter 0.6 with a token for one repository', () => {
  const head = (token: string) => [
    'Host: 127.0.0.1',
    `X-Api-Key: ${token}`,
    'User-Agent: v.http',
    'Connection: close',
  ]
  const log = 'startTime=1690000000&endTime=1690000100&exitCode=0&arch=x86_64'

  /** Sends a body as its curl and its client do, and hands back the whole answer. */
  async function send(port: number, token: string, line: string, body: Uint8Array): Promise<string> {
    const connection = await connectRaw(port)
    connection.send(lines(line, ...head(token), `Content-Length: ${body.length}`))
    connection.send(body)
    return connection.untilClosed()
  }

  test('polls, looks, publishes and sends its log: raw bytes, as it sends them', async () => {
    const { server, stolen } = await startSite(['agent-0.6:one', 'agent'])
    const poll = 'GET /api/v1/jobs/poll?arch=x86_64&max=9 HTTP/1.1'
    const jobs = JSON.parse((await askRaw(server.port, poll, ...head(stolen))).split('\r\n\r\n')[1] ?? '')
    expect(jobs.data).toMatchObject([{ target_id: 1, repo: 'one' }])
    expect(await askRaw(server.port, 'HEAD /one/x86_64/hello-1.0-1 HTTP/1.1', ...head(stolen))).toMatch(
      /^HTTP\/1.1 200 /,
    )
    expect(await askRaw(server.port, 'HEAD /one/x86_64/hello-2-1 HTTP/1.1', ...head(stolen))).toMatch(
      /^HTTP\/1.1 404 /,
    )
    const archive = packageArchive({ version: '2-1' })
    expect(await send(server.port, stolen, 'POST /one/publish HTTP/1.1', archive)).toContain(
      '{"message":"","data":{"name":"hello","version":"2-1","archs":["x86_64"]}}',
    )
    const logs = `POST /api/v1/logs?${log}&target=1 HTTP/1.1`
    expect(await send(server.port, stolen, logs, Buffer.from('built\n'))).toMatch(
      /\{"message":"","data":1\}$/,
    )
    expect(await server.client.call(contract.listJobs, {})).toMatchObject([{ target_id: 2, state: 'queued' }])
  })

  test('does nothing else: no other repository, architecture or target, no removal', async () => {
    const { server, stolen } = await startSite(['agent-0.6:one', 'agent'])
    const archive = packageArchive({ version: '2-1' })
    const attempts: [string, Uint8Array][] = [
      ['POST /two/publish', archive],
      ['POST /one-debug/publish', archive],
      ['DELETE /one/x86_64/hello', Buffer.alloc(0)],
      ['HEAD /two/x86_64/two.db', Buffer.alloc(0)],
      ['GET /api/v1/jobs/poll?arch=aarch64&max=1', Buffer.alloc(0)],
      [`POST /api/v1/logs?${log}&target=2`, Buffer.from('x')],
      [`POST /api/v1/logs?${log.replace('x86_64', 'aarch64')}&target=1`, Buffer.from('x')],
      ['POST /api/v1/jobs/lease?arch=x86_64', Buffer.alloc(0)],
    ]
    for (const [line, body] of attempts) {
      const answer = await send(server.port, stolen, `${line} HTTP/1.1`, body)
      expect([line, answer.split('\r\n')[0]]).toEqual([line, 'HTTP/1.1 403 Forbidden'])
    }
    expect(await server.client.call(contract.listLogs, {})).toEqual([])
  })

  test('ends no job of another one with its log', async () => {
    const { server, stolen, honest } = await startSite(['agent-0.6:one', 'agent-0.6:one'])
    await askRaw(server.port, 'GET /api/v1/jobs/poll?arch=x86_64&max=1 HTTP/1.1', ...head(honest))
    const logs = `POST /api/v1/logs?${log}&target=1 HTTP/1.1`
    expect(await send(server.port, stolen, logs, Buffer.from('x'))).toMatch(/^HTTP\/1.1 200 /)
    expect(await server.client.call(contract.listJobs, {})).toMatchObject([
      { state: 'leased' },
      { state: 'queued' },
    ])
    expect(await send(server.port, honest, logs, Buffer.from('built\n'))).toMatch(/^HTTP\/1.1 200 /)
    expect(await server.client.call(contract.listJobs, {})).toMatchObject([{ target_id: 2 }])
  })
})
