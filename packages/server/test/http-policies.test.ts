import { gzipSync } from 'node:zlib'
import { tarEnd, tarFile, tarHeader } from '@vieter/alpm'
import { contract } from '@vieter/api'
import { describe, expect, onTestFinished, test } from 'vitest'
import { prunePackages } from '../src/services/prune-packages.ts'
import { publishPackage } from '../src/services/publish-package.ts'
import { removePackages } from '../src/services/remove-packages.ts'
import { codeOf, streamOf } from './support/builds.ts'
import { makeContext } from './support/context.ts'
import { filesIn, temporaryFolder } from './support/folders.ts'
import { compress, entriesOf, packageArchive } from './support/packages.ts'
import { startServer, type TestServer } from './support/server.ts'

async function entries(server: TestServer, repository: string, arch = 'x86_64'): Promise<string[]> {
  const response = await fetch(`${server.url}/${repository}/${arch}/${repository}.db`)
  return response.ok ? entriesOf(response) : [`${response.status}`]
}

async function configure(server: TestServer, repository: string, query: string): Promise<void> {
  const response = await server.request('PATCH', `/api/v1/repos/${repository}?${query}`)
  expect(response.status).toBe(200)
}

/** The answer to a publish: its code, or its data. */
async function publish(server: TestServer, repository: string, archive: Uint8Array, query = '') {
  const answer = await server.publish(repository, archive, query)
  const { code, data } = (await answer.json()) as { code?: string; data: Record<string, unknown> }
  return code ?? data
}

describe('the configuration of a repository', () => {
  test('has the defaults of the server until it has its own, and again after', async () => {
    const server = await startServer({ settings: { downgrade: 'allow' } })
    await server.publish('repo', packageArchive())
    const get = () => server.client.call(contract.getRepository, { params: { repo: 'repo' } })
    expect(await get()).toEqual({
      name: 'repo',
      archs: ['x86_64'],
      packages: 1,
      policies: {
        access: { value: 'public', own: false },
        archs: { value: 'open', own: false },
        same_version: { value: 'refuse', own: false },
        downgrade: { value: 'allow', own: false },
        official_names: { value: 'warn', own: false },
        debug_packages: { value: 'keep', own: false },
      },
    })
    await configure(server, 'repo', 'downgrade=refuse&same_version=replace')
    expect((await get()).policies).toMatchObject({
      downgrade: { value: 'refuse', own: true },
      same_version: { value: 'replace', own: true },
    })
    await configure(server, 'repo', 'downgrade=')
    expect((await get()).policies).toMatchObject({
      downgrade: { value: 'allow', own: false },
      same_version: { value: 'replace', own: true },
    })
  })

  test('outlives a restart of the server, and the removal of the repository', async () => {
    const folder = temporaryFolder(onTestFinished)
    const first = await startServer({ folder })
    await first.publish('repo', packageArchive())
    await configure(first, 'repo', 'access=token')
    await first.request('DELETE', '/repo')
    await first.app.stop()
    const server = await startServer({ folder })
    expect((await server.request('GET', '/api/v1/repos/repo')).status).toBe(404)
    const config = await server.client.call(contract.addRepository, { query: { name: 'repo' } })
    expect(config.policies.access).toEqual({ value: 'token', own: true })
  })

  test.each([
    ['PATCH', '/api/v1/repos/repo?access=secret', 400, 'PARAMETER_INVALID'],
    ['PATCH', '/api/v1/repos/repo?archs=any', 400, 'PARAMETER_INVALID'],
    ['PATCH', '/api/v1/repos/other?access=token', 404, 'REPOSITORY_NOT_FOUND'],
    ['GET', '/api/v1/repos/other', 404, 'REPOSITORY_NOT_FOUND'],
    ['POST', '/api/v1/repos', 400, 'PARAMETER_MISSING'],
    ['POST', '/api/v1/repos?name=repo', 409, 'REPOSITORY_EXISTS'],
    ['POST', '/api/v1/repos?name=local', 400, 'REPOSITORY_NAME_INVALID'],
    ['POST', '/api/v1/repos?name=new&downgrade=maybe', 400, 'PARAMETER_INVALID'],
    ['POST', `/api/v1/repos?name=${'n'.repeat(60)}&debug_packages=separate`, 400, 'REPOSITORY_NAME_INVALID'],
  ])('%s %s is %i %s, and changes nothing', async (method, path, status, code) => {
    const server = await startServer()
    await server.publish('repo', packageArchive())
    const before = await server.client.call(contract.listRepositories, {})
    const answer = await server.request(method, path)
    expect([answer.status, await codeIn(answer)]).toEqual([status, code])
    expect(await server.client.call(contract.listRepositories, {})).toEqual(before)
  })
})

describe('a repository that is added before its first package', () => {
  test('has a database for each architecture of its list, and packages of arch any go there', async () => {
    const server = await startServer()
    await server.client.call(contract.addRepository, { query: { name: 'repo', archs: 'aarch64,x86_64' } })
    expect(await server.client.call(contract.listRepositories, {})).toEqual([
      { name: 'repo', archs: ['aarch64', 'x86_64'], packages: 0, access: 'public' },
    ])
    expect([await entries(server, 'repo'), await entries(server, 'repo', 'aarch64')]).toEqual([[], []])
    await server.publish('repo', packageArchive({ name: 'data', arch: 'any' }))
    expect(await entries(server, 'repo', 'aarch64')).toEqual(['data-1.0-1'])
    const riscv = packageArchive({ arch: 'riscv64' })
    expect(await publish(server, 'repo', riscv)).toBe('ARCHITECTURE_REFUSED')
    await configure(server, 'repo', 'archs=x86_64,riscv64')
    expect(await entries(server, 'repo', 'riscv64')).toEqual(['data-1.0-1'])
    expect(await publish(server, 'repo', riscv)).toMatchObject({ archs: ['riscv64'] })
    const [{ packages } = {}] = await server.client.call(contract.listRepositories, {})
    expect(packages).toBe(2)
  })

  test('a list of the server’s settings counts from the first package on', async () => {
    const server = await startServer({ settings: { archs: 'aarch64, x86_64' } })
    await server.publish('repo', packageArchive())
    expect([await entries(server, 'repo'), await entries(server, 'repo', 'aarch64')]).toEqual([
      ['hello-1.0-1'],
      [],
    ])
  })
})

describe('a version', () => {
  test('that is lower is refused with what to do, unless forced', async () => {
    const server = await startServer()
    await server.publish('repo', packageArchive({ version: '1:1.0-1' }))
    const lower = packageArchive({ version: '2.0-1' })
    const answer = await server.publish('repo', lower)
    expect([answer.status, await answer.json()]).toEqual([
      409,
      {
        message: 'x86_64 holds hello 1:1.0-1, which is higher than 2.0-1.',
        data: '',
        code: 'PACKAGE_DOWNGRADE',
        hint: expect.stringContaining('?force=true'),
      },
    ])
    expect(filesIn(`${server.folder}/packages`)).toHaveLength(1)
    expect(await publish(server, 'repo', lower, '?force=true')).toMatchObject({ version: '2.0-1' })
    expect(await entries(server, 'repo')).toEqual(['hello-2.0-1'])
  })

  test('of which publishes arrive together stands highest, whatever their order', async () => {
    const server = await startServer()
    const archives = ['3', '1', '5', '2', '4'].map((version) => packageArchive({ version: `${version}-1` }))
    await Promise.all(archives.map((archive) => server.publish('repo', archive)))
    expect(await entries(server, 'repo')).toEqual(['hello-5-1'])
  })

  test('in another compression is the same version with other bytes', async () => {
    const server = await startServer()
    await server.publish('repo', packageArchive())
    const other = packageArchive({}, 'gz')
    expect(await publish(server, 'repo', other)).toBe('PACKAGE_EXISTS')
    await configure(server, 'repo', 'same_version=replace')
    expect(await publish(server, 'repo', other)).toMatchObject({ archs: ['x86_64'] })
  })
})

describe('bytes once served under a name', () => {
  const [first, second] = ['first', 'second'].map((text) => packageArchive({ files: { 'usr/a': text } })) as [
    Buffer,
    Buffer,
  ]

  test('are remembered after the package and its file are gone', async () => {
    const context = await makeContext({ keep_days: 0 })
    const publishHere = (archive: Uint8Array, replace = false) =>
      codeOf(publishPackage(context, { repository: 'repo', body: streamOf(archive), replace }))
    await publishHere(first)
    const removal = { kind: 'remove-packages' as const, names: ['hello'], bases: [] }
    await removePackages(context, { repository: 'repo', removal, dryRun: false })
    context.time += 10
    expect(await prunePackages(context)).toBe(1)
    expect(filesIn(`${context.folder}/packages`)).toEqual([])
    expect(await publishHere(second)).toBe('PACKAGE_EXISTS')
    expect(await publishHere(first)).toBe('taken')
    expect(await publishHere(second, true)).toBe('taken')
    expect(await publishHere(first)).toBe('PACKAGE_EXISTS')
  })

  test('are told to who asks for the names that a build must not make again', async () => {
    const server = await startServer({ settings: { debug_packages: 'separate' } })
    for (const version of ['1.0-1', '1.0-1.1', '1.0.1-1', '2:1.0-1'])
      await server.publish('repo', packageArchive({ version }))
    await server.publish('repo', packageArchive({ name: 'hello-debug', pkginfo: 'pkgbase = hello\n' }))
    await server.publish('repo', packageArchive({ name: 'hello-world' }))
    await server.request('DELETE', '/repo')
    const query = { names: ['hello', 'hello-debug'], version: '1.0' }
    expect(await server.client.call(contract.listServedFiles, { params: { repo: 'repo' }, query })).toEqual([
      'hello-1.0-1-x86_64.pkg.tar.zst',
      'hello-1.0-1.1-x86_64.pkg.tar.zst',
      'hello-debug-1.0-1-x86_64.pkg.tar.zst',
    ])
  })

  test('are no others after the repository was removed', async () => {
    const server = await startServer()
    await server.publish('repo', first)
    await server.request('DELETE', '/repo')
    expect(await publish(server, 'repo', second)).toBe('PACKAGE_EXISTS')
    expect(await publish(server, 'other', second)).toMatchObject({ name: 'hello' })
  })
})

describe('debug packages', () => {
  const debug = packageArchive({ name: 'hello-debug', pkginfo: 'pkgbase = hello\nxdata = pkgtype=debug\n' })

  test('go into a repository of their own, which tells where', async () => {
    const server = await startServer({ settings: { debug_packages: 'separate' } })
    await server.publish('repo', packageArchive())
    expect(await publish(server, 'repo', debug)).toEqual({
      name: 'hello-debug',
      version: '1.0-1',
      archs: ['x86_64'],
      repo: 'repo-debug',
    })
    expect([await entries(server, 'repo'), await entries(server, 'repo-debug')]).toEqual([
      ['hello-1.0-1'],
      ['hello-debug-1.0-1'],
    ])
    expect(await publish(server, 'repo-debug', debug)).toMatchObject({ archs: ['x86_64'] })
  })

  test('are dropped with a word about it', async () => {
    const server = await startServer({ settings: { debug_packages: 'drop' } })
    const warnings = [
      {
        code: 'DEBUG_PACKAGE_DROPPED',
        message: 'hello-debug is a debug package, which the repository does not keep.',
      },
    ]
    expect(await publish(server, 'repo', debug)).toEqual({
      name: 'hello-debug',
      version: '1.0-1',
      archs: [],
      warnings,
    })
    expect(server.log).toMatchObject([{ level: 40, repository: 'repo', ...warnings[0] }])
    expect(filesIn(`${server.folder}/packages`)).toEqual([])
    expect((await server.request('GET', '/api/v1/repos/repo')).status).toBe(404)
  })
})

describe('the names of official repositories', () => {
  const databaseOf = (...names: string[]) =>
    Buffer.concat([...names.map((name) => tarFile(`${name}-1-1/desc`, Buffer.from('text'))), tarEnd()])
  const core = databaseOf('glibc', 'pacman')
  const importNames = (server: TestServer, body: Uint8Array, list = 'core') =>
    server.request('POST', `/api/v1/names/${list}`, { body: Uint8Array.from(body) })

  test.each(Object.entries(compress))('come from a database, here as %s', async (_, pack) => {
    const server = await startServer()
    const answer = await importNames(server, pack(core))
    expect(await answer.json()).toMatchObject({
      data: { name: 'core', names: 2, imported_at: expect.any(Number) },
    })
    expect(await server.client.call(contract.listNameLists, {})).toMatchObject([{ name: 'core', names: 2 }])
  })

  test('are warned of, in the answer and in the log', async () => {
    const server = await startServer()
    await importNames(server, gzipSync(core))
    const message = 'hello says that it replaces pacman, a package in core: pacman would put it in its place.'
    expect(await publish(server, 'repo', packageArchive({ pkginfo: 'replaces = pacman<7\n' }))).toEqual({
      name: 'hello',
      version: '1.0-1',
      archs: ['x86_64'],
      warnings: [{ code: 'OFFICIAL_NAME', message }],
    })
    expect(server.log).toMatchObject([{ level: 40, msg: message, repository: 'repo' }])
  })

  test('are refused, allowed, and forgotten with their list', async () => {
    const server = await startServer({ settings: { official_names: 'refuse' } })
    await importNames(server, gzipSync(core))
    const glibc = packageArchive({ name: 'glibc' })
    expect(await publish(server, 'repo', glibc)).toBe('OFFICIAL_NAME')
    expect(filesIn(`${server.folder}/packages`)).toEqual([])
    await server.client.call(contract.addRepository, { query: { name: 'repo', official_names: 'allow' } })
    expect(await publish(server, 'repo', glibc)).not.toHaveProperty('warnings')
    await server.request('DELETE', '/api/v1/names/core')
    expect(await publish(server, 'other', glibc)).not.toHaveProperty('warnings')
    expect((await server.request('DELETE', '/api/v1/names/core')).status).toBe(404)
  })

  test('a later list takes the place of the earlier one', async () => {
    const server = await startServer()
    await importNames(server, core)
    await importNames(server, databaseOf('a'))
    expect(await server.client.call(contract.listNameLists, {})).toMatchObject([{ name: 'core', names: 1 }])
    expect(await publish(server, 'repo', packageArchive({ name: 'glibc' }))).not.toHaveProperty('warnings')
  })

  test.each([
    ['a page', Buffer.from('<!doctype html>')],
    ['nothing', Buffer.alloc(0)],
    ['a package', packageArchive()],
    ['half a database', gzipSync(core).subarray(0, 60)],
    ['an empty database', gzipSync(Buffer.alloc(1024))],
  ])('do not come from %s', async (_, body) => {
    const server = await startServer()
    await importNames(server, core)
    const answer = await importNames(server, body)
    expect([answer.status, await codeIn(answer)]).toEqual([400, 'DATABASE_INVALID'])
    expect(await server.client.call(contract.listNameLists, {})).toMatchObject([{ name: 'core', names: 2 }])
  })

  test('do not come from a bomb', async () => {
    const server = await startServer()
    const head = tarHeader({ name: 'a-1-1/desc', type: 'file', size: 2 ** 31 })
    const members = Array.from({ length: 17 }, () => zeros)
    const answer = await importNames(server, Buffer.concat([gzipSync(head), ...members]))
    expect([answer.status, await codeIn(answer)]).toEqual([413, 'BODY_TOO_LARGE'])
  })

  test('have no list whose name could not be written in an address', async () => {
    const server = await startServer()
    const answer = await importNames(server, core, '..%2Fx')
    expect([answer.status, await codeIn(answer)]).toEqual([400, 'PARAMETER_INVALID'])
  })
})

/** 64 MiB in few bytes. */
const zeros = gzipSync(Buffer.alloc(64 << 20))

async function codeIn(answer: Response): Promise<string> {
  return ((await answer.json()) as { code: string }).code
}
