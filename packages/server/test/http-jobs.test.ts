import { AppError, contract, type Lease } from '@vieter/api'
import { describe, expect, onTestFinished, test } from 'vitest'
import { entriesOf, packageArchive } from './support/packages.ts'
import { connectRaw, lines } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'

/** The warnings that Node gives, about listeners that pile up for instance, while the test runs. */
function watchWarnings(): Error[] {
  const warnings: Error[] = []
  const add = (warning: Error) => warnings.push(warning)
  process.on('warning', add)
  onTestFinished(() => {
    process.off('warning', add)
  })
  return warnings
}

async function serverWithJob(): Promise<TestServer> {
  const server = await startServer()
  const query = { kind: 'git', url: 'https://e.org/a.git', repo: 'repo' }
  const target = await server.client.call(contract.addTarget, { query })
  await server.client.call(contract.enqueueJob, { query: { target, arch: 'x86_64' } })
  return server
}

async function lease({ client }: TestServer): Promise<Lease> {
  const [leased] = await client.call(contract.leaseJobs, { query: { arch: ['x86_64'], agent: 'me' } })
  if (!leased) throw new Error('no job was leased')
  return leased
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'taken',
    (fault: unknown) => (fault instanceof AppError ? `${fault.status} ${fault.code}` : Promise.reject(fault)),
  )
}

describe('a whole build over HTTP', () => {
  test('lease, log, package, extension, finish', async () => {
    const server = await serverWithJob()
    const { client } = server
    const { job_id, log_id, token } = await lease(server)
    const held = { params: { id: job_id }, leaseToken: token }
    expect(await client.call(contract.listJobs, {})).toMatchObject([
      { id: job_id, state: 'leased', agent: 'me', log_id },
    ])
    const append = (offset: number, body: string) =>
      client.call(contract.appendLog, { ...held, query: { offset }, body })
    expect(await append(0, 'one\n')).toEqual({ size: 4 })
    expect(await append(4, 'two\n')).toEqual({ size: 8 })
    expect(await codeOf(append(99, 'x'))).toBe('409 LOG_OFFSET_MISMATCH')
    const body = new Blob([Uint8Array.from(packageArchive())]).stream()
    expect(await client.call(contract.uploadBuiltPackage, { ...held, body })).toEqual({
      name: 'hello',
      version: '1.0-1',
      archs: [],
    })
    expect((await client.call(contract.extendLease, held)).expires_at).toBeGreaterThan(Date.now() / 1000)
    expect((await fetch(`${server.url}/repo/x86_64/repo.db`)).status).toBe(404)
    expect(await client.call(contract.finishBuild, { ...held, query: { exit_code: 0 } })).toEqual({
      log_id,
      published: [{ name: 'hello', version: '1.0-1', archs: ['x86_64'] }],
      leftovers: [],
    })
    expect(await entriesOf(await fetch(`${server.url}/repo/x86_64/repo.db`))).toEqual(['hello-1.0-1'])
    expect(await client.call(contract.getLogContent, { params: { id: log_id } })).toBe('one\ntwo\n')
    expect(await client.call(contract.listJobs, {})).toEqual([])
  })

  test('nothing without the lease token, even with the key', async () => {
    const server = await serverWithJob()
    const { job_id } = await lease(server)
    for (const leaseToken of [undefined, '', 'x'.repeat(43)]) {
      const input = { params: { id: job_id }, ...(leaseToken === undefined ? {} : { leaseToken }) }
      expect(await codeOf(server.client.call(contract.extendLease, input))).toBe('409 LEASE_LOST')
      const body = Uint8Array.from(packageArchive())
      expect(await codeOf(server.client.call(contract.uploadBuiltPackage, { ...input, body }))).toBe(
        '409 LEASE_LOST',
      )
    }
  })

  test('a bad package is refused with the reason; the build goes on', async () => {
    const server = await serverWithJob()
    const { job_id, token } = await lease(server)
    const held = { params: { id: job_id }, leaseToken: token }
    const body = new Uint8Array(Buffer.from('garbage'))
    expect(await codeOf(server.client.call(contract.uploadBuiltPackage, { ...held, body }))).toBe(
      '400 PACKAGE_INVALID',
    )
    expect(await codeOf(server.client.call(contract.finishBuild, { ...held, query: { exit_code: 1 } }))).toBe(
      'taken',
    )
  })

  test.each([
    ['finish', '400 PARAMETER_MISSING'],
    ['finish?exit_code=', '400 PARAMETER_MISSING'],
    ['finish?exit_code=-1', '400 PARAMETER_INVALID'],
    ['log', '400 PARAMETER_MISSING'],
    ['log?offset=-1', '400 PARAMETER_INVALID'],
  ])('%s: %s', async (path, expected) => {
    const server = await serverWithJob()
    const { job_id, token } = await lease(server)
    const response = await server.request('POST', `/api/v1/jobs/${job_id}/${path}`, {
      headers: { 'x-lease-token': token },
      body: 'x',
    })
    const { code } = (await response.json()) as { code: string }
    expect(`${response.status} ${code}`).toBe(expected)
  })
})

describe('an agent that waits', () => {
  test('is answered as soon as a job is queued', async () => {
    const server = await startServer()
    const query = { kind: 'git', url: 'https://e.org/a.git', repo: 'repo' }
    const target = await server.client.call(contract.addTarget, { query })
    const waiting = server.client.call(contract.leaseJobs, { query: { arch: ['x86_64'], wait: 60 } })
    await server.client.call(contract.enqueueJob, { query: { target, arch: 'x86_64' } })
    expect(await waiting).toMatchObject([{ target_id: target }])
  })

  test('may ask on one connection for ever: nothing piles up', async () => {
    const { port } = await startServer()
    const warnings = watchWarnings()
    const connection = await connectRaw(port)
    for (let i = 1; i <= 15; i++) {
      connection.send(
        lines(
          'POST /api/v1/jobs/lease?arch=x86_64&wait=0 HTTP/1.1',
          'Host: x',
          'X-Api-Key: secret',
          'Content-Length: 0',
        ),
      )
      await connection.until(new RegExp(`(?:"data":\\[\\][^]*){${i}}`))
    }
    expect(warnings).toEqual([])
  })
})

test('a large package, read slower than it comes, piles nothing up', async () => {
  const server = await startServer()
  const warnings = watchWarnings()
  const content = Buffer.alloc(6 << 20)
  for (let i = 0; i < content.length; i += 4) content.writeUInt32LE(Math.imul(i, 2_654_435_761) >>> 0, i)
  for (const compression of ['zst', 'gz', 'xz'] as const) {
    const archive = packageArchive(
      { name: compression, files: { 'usr/x': content.toString('latin1') } },
      compression,
    )
    expect((await server.publish('repo', archive)).status).toBe(200)
    const [file] = [
      await fetch(`${server.url}/repo/x86_64/${compression}-1.0-1-x86_64.pkg.tar.${compression}`),
    ]
    expect((await file.bytes()).length).toBe(archive.length)
  }
  expect(warnings).toEqual([])
})
