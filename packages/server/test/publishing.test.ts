import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesIn, sha256 } from './support/folders.ts'
import { entriesOf, packageArchive, readServedDatabase } from './support/packages.ts'
import { startServer, type TestServer } from './support/server.ts'
import { spawnServer } from './support/spawned-server.ts'

async function entries(
  server: Pick<TestServer, 'url'>,
  repository: string,
  arch = 'x86_64',
): Promise<string[]> {
  const response = await fetch(`${server.url}/${repository}/${arch}/${repository}.db`)
  return response.ok ? entriesOf(response) : [`${response.status}`]
}

async function hashOf(server: Pick<TestServer, 'url'>, path: string): Promise<string> {
  const response = await fetch(server.url + path)
  return response.ok ? sha256(await response.bytes()) : `${response.status}`
}

/** How many package files are stored. */
function storedFiles(server: TestServer): number {
  return filesIn(join(server.folder, 'packages')).length
}

describe('one version of a name', () => {
  test('the next one replaces it', async () => {
    const server = await startServer()
    for (const version of ['1.0-1', '2.0-1', '1:1.0-1']) {
      expect((await server.publish('repo', packageArchive({ version }))).status).toBe(200)
      expect(await entries(server, 'repo')).toEqual([`hello-${version}`])
    }
  })

  test('the file of the replaced one is served on, for clients that hold the old database', async () => {
    const server = await startServer()
    const old = packageArchive({ version: '1.0-1' })
    await server.publish('repo', old)
    await server.publish('repo', packageArchive({ version: '2.0-1' }))
    expect(await hashOf(server, '/repo/x86_64/hello-1.0-1-x86_64.pkg.tar.zst')).toBe(sha256(old))
    expect((await fetch(`${server.url}/repo/x86_64/hello-1.0-1`)).status).toBe(404)
  })

  test('published again after it was removed, it is there again', async () => {
    const server = await startServer()
    const archive = packageArchive()
    await server.publish('repo', archive)
    await server.request('DELETE', '/repo/x86_64/hello')
    expect(await entries(server, 'repo')).toEqual([])
    await server.publish('repo', archive)
    expect(await entries(server, 'repo')).toEqual(['hello-1.0-1'])
    expect(storedFiles(server)).toBe(1)
  })

  test('entries are sorted by name', async () => {
    const server = await startServer()
    for (const name of ['b', 'a+', 'a', 'B', 'a-b', '0'])
      await server.publish('repo', packageArchive({ name }))
    expect((await entries(server, 'repo')).map((entry) => entry.replace('-1.0-1', ''))).toEqual([
      '0',
      'B',
      'a',
      'a+',
      'a-b',
      'b',
    ])
  })
})

describe('one file under one name', () => {
  const first = packageArchive({ files: { 'usr/a': 'first' } })
  const second = packageArchive({ files: { 'usr/a': 'second' } })
  const path = '/repo/x86_64/hello-1.0-1-x86_64.pkg.tar.zst'

  test('the same file as often as one likes: the database stays as it is, the disk too', async () => {
    const server = await startServer()
    await server.publish('repo', first)
    const etag = (await fetch(`${server.url}/repo/x86_64/repo.db`)).headers.get('etag')
    const answers = await Promise.all([first, first, first].map((archive) => server.publish('repo', archive)))
    for (const answer of answers)
      expect(await answer.json()).toEqual({
        message: '',
        data: { name: 'hello', version: '1.0-1', archs: ['x86_64'] },
      })
    expect((await fetch(`${server.url}/repo/x86_64/repo.db`)).headers.get('etag')).toBe(etag)
    expect(storedFiles(server)).toBe(1)
  })

  test('another file is refused: clients keep the first in their caches', async () => {
    const server = await startServer()
    await server.publish('repo', first)
    const response = await server.publish('repo', second)
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({
      code: 'PACKAGE_EXISTS',
      message: `Another file was published as hello-1.0-1-x86_64.pkg.tar.zst already (its sha256 is ${sha256(first)}).`,
    })
    expect(await hashOf(server, path)).toBe(sha256(first))
    expect(storedFiles(server)).toBe(1)
  })

  test('also after the first was removed, while its file is still served', async () => {
    const server = await startServer()
    await server.publish('repo', first)
    await server.request('DELETE', '/repo')
    expect((await server.publish('repo', second)).status).toBe(409)
    expect(await entries(server, 'repo')).toEqual(['404'])
  })

  test('?replace=true replaces it all the same', async () => {
    const server = await startServer()
    await server.publish('repo', first)
    expect((await server.publish('repo', second, '?replace=true')).status).toBe(200)
    expect(await hashOf(server, path)).toBe(sha256(second))
    const [entry] = await readServedDatabase(await fetch(`${server.url}/repo/x86_64/repo.db`))
    expect(entry?.desc).toContain(sha256(second))
    expect((await server.publish('repo', first, '?replace=false')).status).toBe(409)
  })

  test('each repository has its own', async () => {
    const server = await startServer()
    await server.publish('repo', first)
    expect((await server.publish('other', second)).status).toBe(200)
    expect(await hashOf(server, path)).toBe(sha256(first))
    expect(await hashOf(server, path.replace('repo', 'other'))).toBe(sha256(second))
  })
})

describe('a package for any architecture', () => {
  const any = packageArchive({ name: 'any', arch: 'any' })

  async function archsOf(response: Response): Promise<string[]> {
    return ((await response.json()) as { data: { archs: string[] } }).data.archs.sort()
  }

  test('goes to the default architecture when there is no other', async () => {
    const server = await startServer({ settings: { default_arch: 'aarch64' } })
    expect(await archsOf(await server.publish('repo', any))).toEqual(['aarch64'])
    expect(await entries(server, 'repo', 'aarch64')).toEqual(['any-1.0-1'])
    expect(await entries(server, 'repo', 'any')).toEqual(['404'])
  })

  test('goes to every arch-repo of its repository, and to those created later', async () => {
    const server = await startServer()
    await server.publish('repo', packageArchive({ name: 'r', arch: 'riscv64' }))
    expect(await archsOf(await server.publish('repo', any))).toEqual(['riscv64', 'x86_64'])
    await server.publish('repo', packageArchive({ name: 'a', arch: 'aarch64' }))
    expect(await entries(server, 'repo', 'riscv64')).toEqual(['any-1.0-1', 'r-1.0-1'])
    expect(await entries(server, 'repo', 'x86_64')).toEqual(['any-1.0-1'])
    expect(await entries(server, 'repo', 'aarch64')).toEqual(['a-1.0-1', 'any-1.0-1'])
    for (const arch of ['x86_64', 'riscv64', 'aarch64'])
      expect(await hashOf(server, `/repo/${arch}/any-1.0-1-any.pkg.tar.zst`)).toBe(sha256(any))
    expect(storedFiles(server)).toBe(3)
  })

  test('gives way in one architecture alone to a package of that architecture', async () => {
    const server = await startServer()
    await server.publish('repo', packageArchive({ name: 'a', arch: 'aarch64' }))
    await server.publish('repo', any)
    await server.publish('repo', packageArchive({ name: 'any', version: '2-1', arch: 'aarch64' }))
    expect(await entries(server, 'repo', 'aarch64')).toEqual(['a-1.0-1', 'any-2-1'])
    expect(await entries(server, 'repo', 'x86_64')).toEqual(['any-1.0-1'])
  })

  test('is removed from all architectures, whichever is named', async () => {
    const server = await startServer()
    await server.publish('repo', packageArchive({ name: 'a', arch: 'aarch64' }))
    await server.publish('repo', any)
    expect((await server.request('DELETE', '/repo/aarch64/any')).status).toBe(200)
    expect(await entries(server, 'repo', 'aarch64')).toEqual(['a-1.0-1'])
    expect(await entries(server, 'repo', 'x86_64')).toEqual([])
  })
})

test('a repository that comes back goes on with later dates, and with none of its old packages', async () => {
  const server = await startServer()
  const dateOf = async () =>
    Date.parse((await fetch(`${server.url}/repo/x86_64/repo.db`)).headers.get('last-modified') ?? '')
  await server.publish('repo', packageArchive({ name: 'a' }))
  const before = await dateOf()
  await server.request('DELETE', '/repo')
  await server.publish('repo', packageArchive({ name: 'b' }))
  expect(await entries(server, 'repo')).toEqual(['b-1.0-1'])
  expect(await dateOf()).toBeGreaterThan(before)
})

describe('many at once', () => {
  const packages = Array.from({ length: 200 }, (_, i) => {
    const name = `p${String(i).padStart(3, '0')}`
    return { name, archive: packageArchive({ name, files: { [`usr/${name}`]: `${i}` } }) }
  })

  test('16 publishers, 200 packages: all are in the database, and download with the right sha256', async () => {
    const server = await startServer()
    const left = [...packages]
    async function publisher(): Promise<void> {
      for (let next = left.pop(); next; next = left.pop())
        expect([next.name, (await server.publish('repo', next.archive)).status]).toEqual([next.name, 200])
    }
    await Promise.all(Array.from({ length: 16 }, publisher))
    const served = await readServedDatabase(await fetch(`${server.url}/repo/x86_64/repo.db`))
    expect(served.map(({ name }) => name)).toEqual(packages.map(({ name }) => name))
    for (const [i, { name, archive }] of packages.entries()) {
      expect(served[i]?.desc).toContain(`%SHA256SUM%\n${sha256(archive)}\n`)
      expect(await hashOf(server, `/repo/x86_64/${name}-1.0-1-x86_64.pkg.tar.zst`)).toBe(sha256(archive))
    }
    expect(server.log).toEqual([])
  })

  test('one that is refused does not hurt the others', async () => {
    const server = await startServer()
    const some = packages.slice(0, 12)
    const taken = packageArchive({ name: 'p005', files: { 'usr/other': 'x' } })
    await server.publish('repo', taken)
    const statuses = await Promise.all(
      some.map(async ({ archive }) => (await server.publish('repo', archive)).status),
    )
    expect(statuses).toEqual(some.map(({ name }) => (name === 'p005' ? 409 : 200)))
    expect(await entries(server, 'repo')).toEqual(some.map(({ name }) => `${name}-1.0-1`))
    expect(storedFiles(server)).toBe(12)
  })

  test('versions of one name: one of them stands, and all acknowledged files are served', async () => {
    const server = await startServer({ settings: { downgrade: 'allow' } })
    const versions = Array.from({ length: 12 }, (_, i) => ({
      version: `${i}-1`,
      archive: packageArchive({ version: `${i}-1` }),
    }))
    const answers = await Promise.all(versions.map(({ archive }) => server.publish('repo', archive)))
    expect(answers.map(({ status }) => status)).toEqual(versions.map(() => 200))
    expect(await entries(server, 'repo')).toHaveLength(1)
    for (const { version, archive } of versions)
      expect(await hashOf(server, `/repo/x86_64/hello-${version}-x86_64.pkg.tar.zst`)).toBe(sha256(archive))
    expect(storedFiles(server)).toBe(12)
  })

  test('different files under one name: one is taken, the others are told', async () => {
    const server = await startServer()
    const archives = Array.from({ length: 8 }, (_, i) => packageArchive({ files: { 'usr/x': `${i}` } }))
    const answers = await Promise.all(archives.map((archive) => server.publish('repo', archive)))
    const statuses = answers.map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, 409, 409, 409, 409, 409, 409, 409])
    const winner = archives[statuses.indexOf(200)] ?? Buffer.alloc(0)
    expect(await hashOf(server, '/repo/x86_64/hello-1.0-1-x86_64.pkg.tar.zst')).toBe(sha256(winner))
    expect(storedFiles(server)).toBe(1)
  })

  test('repositories of their own, publishing and removing', async () => {
    const server = await startServer()
    await Promise.all(
      packages.slice(0, 24).map(async ({ name, archive }, i) => {
        const repository = `repo${i % 3}`
        await server.publish(repository, archive)
        if (i >= 21)
          expect((await server.request('DELETE', `/${repository}/x86_64/${name}`)).status).toBe(200)
      }),
    )
    for (const i of [0, 1, 2]) expect(await entries(server, `repo${i}`)).toHaveLength(7)
  })
})

describe('a server that is killed in the middle', () => {
  test('has every package that it acknowledged, whole, and no half one', async () => {
    const first = await spawnServer()
    const acknowledged = new Map<string, string>()
    let killed = false
    async function publisher(number: number): Promise<void> {
      for (let i = 0; ; i++) {
        const name = `k${number}-${i}`
        const archive = packageArchive({ name, files: { 'usr/x': 'x'.repeat(i * 10) } })
        const response = await first.publish('repo', archive).catch(() => undefined)
        if (!response?.ok) return
        acknowledged.set(name, sha256(archive))
        if (acknowledged.size >= 60 && !killed) {
          killed = true
          first.kill('SIGKILL')
        }
      }
    }
    await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(publisher))
    await first.exited
    expect(acknowledged.size).toBeGreaterThanOrEqual(60)

    const second = await spawnServer({ folder: first.folder })
    const served = await readServedDatabase(await fetch(`${second.url}/repo/x86_64/repo.db`))
    const names = new Set(served.map(({ name }) => String(name)))
    for (const [name, hash] of acknowledged) {
      expect(names).toContain(name)
      expect(await hashOf(second, `/repo/x86_64/${name}-1.0-1-x86_64.pkg.tar.zst`)).toBe(hash)
    }
    for (const { name, desc } of served) {
      const hash = await hashOf(second, `/repo/x86_64/${name}-1.0-1-x86_64.pkg.tar.zst`)
      expect(desc).toContain(`%SHA256SUM%\n${hash}\n`)
    }
    expect(filesIn(join(first.folder, 'packages', '.staging'))).toEqual([])
    expect((await second.publish('repo', packageArchive({ name: 'after' }))).status).toBe(200)
  })
})

describe('a server as a process of its own', () => {
  test('makes its key at the first start, for its owner alone, and keeps it', async () => {
    const first = await spawnServer({ environment: { VIETER_API_KEY: undefined } })
    const path = join(first.folder, 'api-key')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const key = first.key()
    expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/)
    first.kill('SIGTERM')
    expect(await first.exited).toBe(0)
    const second = await spawnServer({ folder: first.folder, environment: { VIETER_API_KEY: undefined } })
    expect(second.key()).toBe(key)
    const response = await fetch(`${second.url}/api/v1/targets`, { headers: { 'x-api-key': key } })
    expect(response.status).toBe(200)
  })

  test('does not share its data folder, and lets go of it when it is killed', async () => {
    const first = await spawnServer()
    await expect(spawnServer({ folder: first.folder })).rejects.toThrow(/DATA_IN_USE/)
    first.kill('SIGKILL')
    await first.exited
    const second = await spawnServer({ folder: first.folder })
    expect((await fetch(`${second.url}/health`)).status).toBe(200)
  })

  test('logs lines of JSON without the key in them', async () => {
    const server = await spawnServer({
      environment: { VIETER_LOG_LEVEL: 'DEBUG', VIETER_API_KEY: 'hunter2' },
    })
    await fetch(`${server.url}/api/v1/targets`, { headers: { 'x-api-key': 'hunter2' } })
    await fetch(`${server.url}/api/v1/targets`, { headers: { authorization: 'Bearer hunter2' } })
    server.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    const lines = server.log().trim().split('\n')
    expect(lines.map((line) => typeof JSON.parse(line))).toEqual(lines.map(() => 'object'))
    expect(lines.join('\n')).toContain('"reqId"')
    expect(lines.join('\n')).not.toContain('hunter2')
    expect(existsSync(join(server.folder, 'api-key'))).toBe(false)
  })
})
