import { contract, type Endpoint } from '@vieter/api'
import { beforeAll, describe, expect, test } from 'vitest'
import { endOfFile } from './support/folders.ts'
import { packageArchive } from './support/packages.ts'
import { connectRaw, lines } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'

/** Who asks: the scope of their token, or what else they show. */
const holders = [
  'nobody',
  'stranger',
  'read',
  'read:mine',
  'publish:mine',
  'agent',
  'agent-0.6:mine',
  'admin',
  'key',
] as const
type Holder = (typeof holders)[number]
const unknown: readonly Holder[] = ['nobody', 'stranger']

/** Who may call what besides the admins, when it is about a private repository of theirs. What is not here is for admins alone. */
const granted: Partial<Record<keyof typeof contract, readonly Holder[]>> = {
  getFile: ['read', 'read:mine', 'publish:mine', 'agent', 'agent-0.6:mine'],
  listRepository: ['read', 'read:mine', 'publish:mine'],
  listArchRepo: ['read', 'read:mine', 'publish:mine'],
  findRepository: ['read', 'read:mine', 'publish:mine'],
  findArchRepo: ['read', 'read:mine', 'publish:mine'],
  getRepository: ['read', 'read:mine', 'publish:mine'],
  getPackage: ['read', 'read:mine', 'publish:mine'],
  listPackageFiles: ['read', 'read:mine', 'publish:mine'],
  getBuildInformation: ['read', 'read:mine', 'publish:mine'],
  listPackageEntries: ['read', 'read:mine', 'publish:mine'],
  getInstallScript: ['read', 'read:mine', 'publish:mine'],
  getChangelog: ['read', 'read:mine', 'publish:mine'],
  publishPackage: ['publish:mine', 'agent-0.6:mine'],
  openPublication: ['publish:mine'],
  getPublication: ['publish:mine'],
  uploadPackage: ['publish:mine'],
  commitPublication: ['publish:mine'],
  discardPublication: ['publish:mine'],
  listServedFiles: ['read', 'read:mine', 'publish:mine', 'agent'],
  listNameLists: ['read'],
  listTargets: ['read'],
  getTarget: ['read'],
  listJobs: ['read'],
  listLogs: ['read'],
  getLog: ['read'],
  getLogContent: ['read'],
  pollJobs: ['agent-0.6:mine'],
  addLog: ['agent-0.6:mine'],
  leaseJobs: ['agent'],
  extendLease: ['agent'],
  appendLog: ['agent'],
  uploadBuiltPackage: ['agent'],
  finishBuild: ['agent'],
}
/** What is about no single repository and hides private ones by itself. */
const openToAll = ['listRepositories', 'listPackages']

const refusals = ['UNAUTHORIZED', 'READ_UNAUTHORIZED', 'FORBIDDEN']
const endpoints: readonly Endpoint[] = Object.values(contract)
const secrets = new Map<Holder, string>([
  ['stranger', 'x'.repeat(43)],
  ['key', 'secret'],
])
/** By their repositories. */
const publications = new Map<string, number>()
const onEnd = endOfFile()
let server: TestServer

beforeAll(async () => {
  server = await startServer({ onEnd })
  const { client } = server
  for (const repo of ['mine', 'other']) {
    await server.publish(repo, packageArchive())
    await server.request('PATCH', `/api/v1/repos/${repo}?access=token`)
    publications.set(repo, (await client.call(contract.openPublication, { query: { repo } })).id)
  }
  for (const name of holders.filter((holder) => !unknown.includes(holder) && holder !== 'key')) {
    const query = { name, scope: [name], ...(name.startsWith('agent') ? { arch: ['x86_64'] } : {}) }
    secrets.set(name, (await client.call(contract.createToken, { query })).token)
  }
  const query = { kind: 'git', url: 'https://e.org/a.git', repo: 'mine' }
  const target = await client.call(contract.addTarget, { query })
  await client.call(contract.enqueueJob, { query: { target, arch: 'x86_64' } })
  const path = '/api/v1/jobs/lease?arch=x86_64'
  await server.request('POST', path, { headers: headersOf('agent') })
})

function headersOf(holder: Holder): Record<string, string> {
  return { 'x-api-key': secrets.get(holder) ?? '' }
}

/** The address of an endpoint, for what is not there, but for the repository. */
function pathOf({ path, query }: Endpoint, repo: string): string {
  const id = path.includes('/publications/') ? `${publications.get(repo)}` : '999'
  const values: Record<string, string> = { repo, arch: 'x86_64', id, filename: 'mine.db' }
  const filled = path.replaceAll(/:([a-z]+)/g, (_, name: string) => values[name] ?? 'x')
  if (query.required?.includes('repo')) return `${filled}?repo=${repo}`
  return 'arch' in query.properties ? `${filled}?arch=x86_64` : filled
}

async function isLetIn(endpoint: Endpoint, repo: string, holder: Holder): Promise<boolean> {
  const headers = holder === 'nobody' ? {} : headersOf(holder)
  const init = { method: endpoint.method, headers, redirect: 'manual' } as const
  const answer = await fetch(server.url + pathOf(endpoint, repo), init)
  const code = /"code":"(\w+)"/.exec(await answer.text())?.[1] ?? ''
  if (answer.status === 401) expect(unknown).toContain(holder)
  if (answer.status === 403) expect([...unknown, 'admin', 'key']).not.toContain(holder)
  return !refusals.includes(code)
}

function isAboutOneRepository({ path, params, query }: Endpoint): boolean {
  return 'repo' in params.properties || query.required?.includes('repo') || path.includes('/publications/')
}

function expectedOf(endpoint: Endpoint, repo: string): readonly Holder[] {
  const { id, auth } = endpoint
  if (auth === 'none' || openToAll.includes(id)) return holders
  const theirs = granted[id as keyof typeof contract] ?? []
  const isOthers = isAboutOneRepository(endpoint) && repo === 'other'
  const allowed = isOthers ? theirs.filter((holder) => holder === 'read') : theirs
  return holders.filter((holder) => [...allowed, 'admin', 'key'].includes(holder))
}

// The last ones take away what the others are about.
const inOrder = endpoints.toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'))

describe.each(['mine', 'other'])('of the repository %s', (repo) => {
  test.each(inOrder.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
    '%s lets in whom it should',
    async (_, endpoint) => {
      const letIn: Holder[] = []
      for (const holder of holders) if (await isLetIn(endpoint, repo, holder)) letIn.push(holder)
      expect(letIn).toEqual(expectedOf(endpoint, repo))
    },
  )
})

test.each(
  endpoints.filter(({ body }) => body !== 'none').map((endpoint) => [endpoint.id, endpoint] as const),
)('%s refuses before a byte of the body has come', async (_, endpoint) => {
  for (const holder of ['stranger', 'read'] as const) {
    const connection = await connectRaw(server.port)
    const first = `${endpoint.method} ${pathOf(endpoint, 'mine')} HTTP/1.1`
    connection.send(lines(first, 'Host: x', `X-Api-Key: ${secrets.get(holder)}`, 'Content-Length: 99'))
    expect(await connection.until(/\r\n\r\n/)).toMatch(
      holder === 'read' ? /^HTTP\/1.1 403 / : /^HTTP\/1.1 401 /,
    )
  }
})

test('lists of repositories show private ones to who may read them', async () => {
  const namesFor = async (holder: Holder) => {
    const answer = await fetch(`${server.url}/api/v1/repos`, { headers: headersOf(holder) })
    return ((await answer.json()) as { data: { name: string }[] }).data.map(({ name }) => name)
  }
  await server.publish('mine', packageArchive({ version: '2-1' }))
  await server.publish('other', packageArchive({ version: '2-1' }))
  const seen = Object.fromEntries(
    await Promise.all(holders.map(async (each) => [each, await namesFor(each)])),
  )
  const [none, mine, both] = [[], ['mine'], ['mine', 'other']]
  expect(seen).toEqual({
    nobody: none,
    stranger: none,
    agent: none,
    'agent-0.6:mine': none,
    'read:mine': mine,
    'publish:mine': mine,
    read: both,
    admin: both,
    key: both,
  })
})
