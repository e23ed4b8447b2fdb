import { describe, expect, test } from 'vitest'
import { filesIn } from './support/folders.ts'
import { entriesOf, packageArchive } from './support/packages.ts'
import { startServer, type TestServer } from './support/server.ts'

/** A server with `tool`, of arch `any` with a debug package per architecture, and `other`. */
async function serverWithTool(): Promise<TestServer> {
  const server = await startServer()
  const base = 'pkgbase = tool\n'
  const archives = [
    packageArchive({ name: 'tool', arch: 'any', pkginfo: base }),
    packageArchive({ name: 'tool-debug', pkginfo: base }),
    packageArchive({ name: 'tool-debug', arch: 'aarch64', pkginfo: base }),
    packageArchive({ name: 'other' }),
  ]
  for (const archive of archives) expect((await server.publish('repo', archive)).status).toBe(200)
  return server
}

async function entries(server: TestServer, arch: string): Promise<string[] | number> {
  const response = await fetch(`${server.url}/repo/${arch}/repo.db`)
  return response.ok ? entriesOf(response) : response.status
}

async function state(server: TestServer) {
  return { x86_64: await entries(server, 'x86_64'), aarch64: await entries(server, 'aarch64') }
}

const whole = {
  x86_64: ['other-1.0-1', 'tool-1.0-1', 'tool-debug-1.0-1'],
  aarch64: ['tool-1.0-1', 'tool-debug-1.0-1'],
}

/** Asks for a removal; its answer is `STATUS CODE` or the data. */
async function remove(server: TestServer, query: string): Promise<unknown> {
  const response = await server.request('POST', `/api/v1/repos/repo/removals?${query}`)
  const { code, data } = (await response.json()) as { code?: string; data: unknown }
  return code === undefined ? data : `${response.status} ${code}`
}

describe('the routes of Vieter 0.6', () => {
  test('answer with nothing; a package of arch any leaves all arch-repos', async () => {
    const server = await serverWithTool()
    const response = await server.request('DELETE', '/repo/x86_64/tool')
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(await state(server)).toEqual({
      x86_64: ['other-1.0-1', 'tool-debug-1.0-1'],
      aarch64: ['tool-debug-1.0-1'],
    })
  })

  test.each([
    ['/repo/aarch64/tool', ['tool'], [], false],
    ['/repo/aarch64', ['tool', 'tool-debug'], ['aarch64'], false],
    ['/repo', ['other', 'tool', 'tool-debug', 'tool-debug'], ['aarch64', 'x86_64'], true],
  ])(
    'DELETE %s with dry_run tells what would go, and changes nothing',
    async (path, names, archs, repository) => {
      const server = await serverWithTool()
      const response = await server.request('DELETE', `${path}?dry_run=true`)
      const { data } = (await response.json()) as { data: { packages: { name: string }[]; archs: string[] } }
      expect(data).toMatchObject({ dry_run: true, repository })
      expect(data.packages.map(({ name }) => name).toSorted()).toEqual(names)
      expect(data.archs.toSorted()).toEqual(archs)
      expect(await state(server)).toEqual(whole)
    },
  )
})

describe('a removal', () => {
  test('of a pkgbase takes all its packages from all arch-repos in one commit, and tells which', async () => {
    const server = await serverWithTool()
    const size = (name: string) =>
      server
        .request('HEAD', `/repo/x86_64/${name}.pkg.tar.zst`)
        .then(({ headers }) => Number(headers.get('content-length')))
    const tool = await size('tool-1.0-1-any')
    const report = await remove(server, 'bases=tool&arch=x86_64')
    const debug = await size('tool-debug-1.0-1-x86_64')
    expect(report).toEqual({
      packages: [
        {
          name: 'tool',
          base: 'tool',
          version: '1.0-1',
          filename: 'tool-1.0-1-any.pkg.tar.zst',
          size: tool,
          archs: ['x86_64', 'aarch64'],
          repo: 'repo',
        },
        {
          name: 'tool-debug',
          base: 'tool',
          version: '1.0-1',
          filename: 'tool-debug-1.0-1-x86_64.pkg.tar.zst',
          size: debug,
          archs: ['x86_64'],
          repo: 'repo',
        },
      ],
      archs: [],
      repository: false,
      bytes: tool + debug,
      dry_run: false,
    })
    expect(await state(server)).toEqual({ x86_64: ['other-1.0-1'], aarch64: ['tool-debug-1.0-1'] })
  })

  test('of a pkgbase takes its debug package from the repository for those, and nothing else there', async () => {
    const server = await startServer({ settings: { debug_packages: 'separate' } })
    const publish = (repository: string, name: string, version = '1.0-1') =>
      server.publish(repository, packageArchive({ name, version, pkginfo: 'pkgbase = tool\n' }))
    for (const name of ['tool', 'tool-debug']) await publish('repo', name)
    await publish('repo-debug', 'tool-help')
    const asked = await remove(server, 'bases=tool&dry_run=true')
    expect(await remove(server, 'bases=tool')).toEqual({ ...(asked as object), dry_run: false })
    expect(asked).toMatchObject({
      packages: [
        { name: 'tool', repo: 'repo' },
        { name: 'tool-debug', repo: 'repo-debug' },
      ],
    })
    const debug = await fetch(`${server.url}/repo-debug/x86_64/repo-debug.db`)
    expect(await entriesOf(debug)).toEqual(['tool-help-1.0-1'])
  })

  test('tells the same when it is only asked', async () => {
    const server = await serverWithTool()
    const asked = await remove(server, 'packages=other,tool&bases=tool&dry_run=true')
    expect(await state(server)).toEqual(whole)
    const done = await remove(server, 'packages=other,tool&bases=tool')
    expect(asked).toEqual({ ...(done as object), dry_run: true })
    expect(await state(server)).toEqual({ x86_64: [], aarch64: [] })
  })

  test('keeps the files for the grace period', async () => {
    const server = await serverWithTool()
    await remove(server, 'all=true')
    expect(await entries(server, 'x86_64')).toBe(404)
    expect(filesIn(`${server.folder}/packages`)).toHaveLength(4)
    expect((await server.request('GET', '/repo/x86_64/other-1.0-1-x86_64.pkg.tar.zst')).status).toBe(200)
  })

  test('of everything in an arch-repo leaves what others hold as well', async () => {
    const server = await serverWithTool()
    expect(await remove(server, 'all=true&arch=aarch64')).toMatchObject({
      archs: ['aarch64'],
      repository: false,
    })
    expect(await state(server)).toEqual({ x86_64: whole.x86_64, aarch64: 404 })
  })

  test('meets what is published at the same time, in any order', async () => {
    const server = await serverWithTool()
    const archives = ['1.1-1', '1.2-1'].map((version) =>
      packageArchive({ name: 'tool', version, arch: 'any', pkginfo: 'pkgbase = tool\n' }),
    )
    await Promise.all([
      ...archives.map((archive) => server.publish('repo', archive)),
      remove(server, 'bases=tool'),
      server.publish('repo', packageArchive({ name: 'third', arch: 'aarch64' })),
    ])
    const { x86_64, aarch64 } = await state(server)
    const tools = (all: unknown) => (all as string[]).filter((entry) => entry.startsWith('tool'))
    expect(tools(x86_64)).toEqual(tools(aarch64))
    expect(aarch64).toContain('third-1.0-1')
  })

  test.each([
    ['', '400 PARAMETER_MISSING'],
    ['packages=', '400 PARAMETER_MISSING'],
    ['arch=x86_64', '400 PARAMETER_MISSING'],
    ['all=true&packages=tool', '400 PARAMETER_INVALID'],
    // A variable that a script forgot to set must not turn an arch-repo into the repository.
    ['all=true&arch=', '404 REPOSITORY_NOT_FOUND'],
    ['all=true&arch=riscv64', '404 REPOSITORY_NOT_FOUND'],
    ['packages=tool,nothing', '404 PACKAGE_NOT_FOUND'],
    ['packages=tool,', '404 PACKAGE_NOT_FOUND'],
    ['bases=tool,nothing&dry_run=true', '404 PACKAGE_NOT_FOUND'],
  ])('%j is refused, and nothing goes', async (query, answer) => {
    const server = await serverWithTool()
    expect(await remove(server, query)).toBe(answer)
    expect(await state(server)).toEqual(whole)
  })

  test('needs the key', async () => {
    const server = await serverWithTool()
    const response = await fetch(`${server.url}/api/v1/repos/repo/removals?all=true`, { method: 'POST' })
    expect(response.status).toBe(401)
    expect(await state(server)).toEqual(whole)
  })
})
