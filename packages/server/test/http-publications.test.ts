import { contract, type Publication, type PublishedTogether } from '@vieter/api'
import { describe, expect, test } from 'vitest'
import { expirePublications } from '../src/services/discard-publication.ts'
import { getPublication } from '../src/services/find-publication.ts'
import { openPublication } from '../src/services/open-publication.ts'
import { uploadToPublication } from '../src/services/upload-to-publication.ts'
import { checkDataFolder } from '../src/tools.ts'
import { codeOf, streamOf } from './support/builds.ts'
import { makeContext } from './support/context.ts'
import { filesIn, sha256 } from './support/folders.ts'
import { entriesOf, packageArchive } from './support/packages.ts'
import { connectRaw, lines } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'
import { settingsIn } from './support/settings.ts'
import { spawnServer } from './support/spawned-server.ts'

async function open(server: TestServer): Promise<number> {
  const { id } = await server.client.call(contract.openPublication, { query: { repo: 'repo' } })
  return id
}

async function upload(
  server: Pick<TestServer, 'url'>,
  id: number,
  archive: Uint8Array,
  { query = '', signature }: { query?: string; signature?: string } = {},
): Promise<string> {
  const response = await fetch(`${server.url}/api/v1/publications/${id}/packages${query}`, {
    method: 'POST',
    headers: { 'x-api-key': 'secret', ...(signature ? { 'x-signature': signature } : {}) },
    body: Uint8Array.from(archive),
  })
  const { code = 'taken' } = (await response.json()) as { code?: string }
  return `${response.status} ${code}`
}

async function commit(server: Pick<TestServer, 'url'>, id: number, query = ''): Promise<unknown> {
  const response = await fetch(`${server.url}/api/v1/publications/${id}/commit${query}`, {
    method: 'POST',
    headers: { 'x-api-key': 'secret' },
  })
  const { code, data } = (await response.json()) as { code?: string; data: PublishedTogether }
  return code === undefined ? data : `${response.status} ${code}`
}

async function entries(server: Pick<TestServer, 'url'>, arch = 'x86_64'): Promise<string[] | number> {
  const response = await fetch(`${server.url}/repo/${arch}/repo.db`)
  return response.ok ? entriesOf(response) : response.status
}

const a = packageArchive({ name: 'a' })
const b = packageArchive({ name: 'b', arch: 'any' })

describe('packages of a publication', () => {
  test('are not seen before it is committed; then all of them are, in one generation', async () => {
    const server = await startServer()
    const id = await open(server)
    expect(await upload(server, id, a)).toBe('200 taken')
    expect(await upload(server, id, b)).toBe('200 taken')
    expect(await entries(server)).toBe(404)
    expect((await server.request('GET', '/repo/x86_64/a-1.0-1-x86_64.pkg.tar.zst')).status).toBe(404)
    expect(await commit(server, id)).toEqual({
      published: [
        { name: 'a', version: '1.0-1', archs: ['x86_64'] },
        { name: 'b', version: '1.0-1', archs: ['x86_64'] },
      ],
      leftovers: [],
    })
    expect(await entries(server)).toEqual(['a-1.0-1', 'b-1.0-1'])
  })

  test('can be looked at by who has the key', async () => {
    const server = await startServer()
    const id = await open(server)
    await upload(server, id, a)
    const publication = await server.client.call(contract.getPublication, { params: { id } })
    expect(publication).toMatchObject({
      repo: 'repo',
      committed: false,
      packages: [
        {
          name: 'a',
          version: '1.0-1',
          arch: 'x86_64',
          filename: 'a-1.0-1-x86_64.pkg.tar.zst',
          size: a.length,
          sha256: sha256(a),
        },
      ],
    } satisfies Partial<Publication>)
    expect(publication.expires_at - publication.opened_at).toBeGreaterThanOrEqual(21_600)
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/commit'],
      ['POST', '/packages'],
    ] as const)
      expect((await fetch(`${server.url}/api/v1/publications/${id}${path}`, { method })).status).toBe(401)
  })

  test('come with their signatures', async () => {
    const server = await startServer()
    const id = await open(server)
    const signature = Buffer.from([0xc2, 1, 4]).toString('base64')
    expect(await upload(server, id, a, { signature })).toBe('200 taken')
    expect(await upload(server, id, b, { signature: 'nonsense' })).toBe('400 SIGNATURE_INVALID')
    await commit(server, id)
    const served = await server.request('GET', '/repo/x86_64/a-1.0-1-x86_64.pkg.tar.zst.sig')
    expect(Buffer.from(await served.bytes()).toString('base64')).toBe(signature)
  })

  test('are none when one is refused; it stays open, and goes through with replace', async () => {
    const server = await startServer()
    await server.publish('repo', a)
    const other = packageArchive({ name: 'a', files: { 'usr/other': '' } })
    const id = await open(server)
    await upload(server, id, b)
    await upload(server, id, other)
    expect(await commit(server, id)).toBe('409 PACKAGE_EXISTS')
    expect(await entries(server)).toEqual(['a-1.0-1'])
    expect(await commit(server, id, '?replace=true')).toMatchObject({
      published: [{ name: 'b' }, { name: 'a' }],
    })
    expect(await entries(server)).toEqual(['a-1.0-1', 'b-1.0-1'])
  })

  test('that was published before is kept as it is, and stored once', async () => {
    const server = await startServer()
    await server.publish('repo', a)
    const id = await open(server)
    await upload(server, id, a)
    await upload(server, id, b)
    await commit(server, id)
    expect(filesIn(`${server.folder}/packages`)).toHaveLength(2)
  })
})

describe('a package that is not for this publication', () => {
  test('is one that takes the place of another: the first stays', async () => {
    const server = await startServer()
    const id = await open(server)
    await upload(server, id, a)
    const rivals = [{ version: '2.0-1' }, { arch: 'any' }, { files: { 'usr/other': '' } }]
    for (const rival of rivals)
      expect(await upload(server, id, packageArchive({ name: 'a', ...rival }))).toBe('409 PACKAGE_TWICE')
    expect(await upload(server, id, packageArchive({ name: 'a', arch: 'aarch64' }))).toBe('200 taken')
    await commit(server, id)
    expect(await entries(server)).toEqual(['a-1.0-1'])
    expect(filesIn(`${server.folder}/packages`)).toHaveLength(2)
  })

  test('is none that comes again: its sender was not told', async () => {
    const server = await startServer()
    const id = await open(server)
    for (const _ of [1, 2]) expect(await upload(server, id, a)).toBe('200 taken')
    expect(await commit(server, id)).toMatchObject({ published: [{ name: 'a' }] })
    expect(filesIn(`${server.folder}/packages`)).toHaveLength(1)
  })

  test('is one of another file name than its sender says', async () => {
    const server = await startServer()
    const id = await open(server)
    const query = (name: string) => ({ query: `?filename=${name}` })
    expect(await upload(server, id, a, query('a-1.1-1-x86_64.pkg.tar.zst'))).toBe('400 PACKAGE_INVALID')
    expect(await upload(server, id, a, query('a-1.0-1-x86_64.pkg.tar.zst'))).toBe('200 taken')
    expect(filesIn(`${server.folder}/packages`)).toHaveLength(1)
  })

  test('is one that is cut off, or no package: the others wait on', async () => {
    const server = await startServer()
    const id = await open(server)
    await upload(server, id, a)
    expect(await upload(server, id, a.subarray(0, -5))).toBe('400 PACKAGE_INVALID')
    const connection = await connectRaw(server.port)
    connection.send(
      lines(
        `POST /api/v1/publications/${id}/packages HTTP/1.1`,
        'Host: x',
        'X-Api-Key: secret',
        `Content-Length: ${b.length}`,
      ),
    )
    connection.send(b.subarray(0, 20))
    connection.socket.end()
    await connection.untilClosed()
    expect(await commit(server, id)).toMatchObject({ published: [{ name: 'a' }] })
    expect(filesIn(`${server.folder}/packages`)).toHaveLength(1)
  })
})

describe('a publication', () => {
  test('that was thrown away leaves nothing', async () => {
    const server = await startServer()
    const id = await open(server)
    await upload(server, id, a)
    await server.client.call(contract.discardPublication, { params: { id } })
    expect(filesIn(`${server.folder}/packages`)).toEqual([])
    expect(await commit(server, id)).toBe('404 PUBLICATION_NOT_FOUND')
    expect(await upload(server, id, a)).toBe('404 PUBLICATION_NOT_FOUND')
  })

  test('without packages is not committed', async () => {
    const server = await startServer()
    expect(await commit(server, await open(server))).toBe('409 PUBLICATION_EMPTY')
  })

  test('of a repository with an impossible name is not opened', async () => {
    const server = await startServer()
    const response = await server.request('POST', '/api/v1/publications?repo=api')
    expect(await response.json()).toMatchObject({ code: 'REPOSITORY_NAME_INVALID' })
  })

  test('that was committed answers the same again, at once too, and is done', async () => {
    const server = await startServer()
    const id = await open(server)
    await upload(server, id, a)
    const answers = await Promise.all([1, 2, 3].map(() => commit(server, id)))
    expect(answers[0]).toMatchObject({ published: [{ name: 'a' }] })
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(await commit(server, id)).toEqual(answers[0])
    expect(await upload(server, id, b)).toBe('409 PUBLICATION_COMMITTED')
    const discarded = await server.request('DELETE', `/api/v1/publications/${id}`)
    expect(await discarded.json()).toMatchObject({ code: 'PUBLICATION_COMMITTED' })
    expect(await entries(server)).toEqual(['a-1.0-1'])
  })

  test('takes a package that comes while it is committed, or refuses it: none is lost', async () => {
    const server = await startServer()
    const id = await open(server)
    await upload(server, id, a)
    const [, late] = await Promise.all([commit(server, id), upload(server, id, b)])
    expect(await entries(server)).toEqual(late === '200 taken' ? ['a-1.0-1', 'b-1.0-1'] : ['a-1.0-1'])
    expect(filesIn(`${server.folder}/packages`)).toHaveLength(late === '200 taken' ? 2 : 1)
  })

  test('to which nothing comes is thrown away after a time; each package begins it anew', async () => {
    const context = await makeContext({ publication_timeout: 100 })
    const { id } = await openPublication(context, 'repo')
    context.time += 90
    await uploadToPublication(context, { id, body: streamOf(a) })
    context.time += 100
    await expirePublications(context)
    expect((await getPublication(context, id)).packages).toHaveLength(1)
    context.time += 1
    await expirePublications(context)
    expect(await codeOf(getPublication(context, id))).toBe('PUBLICATION_NOT_FOUND')
    expect(filesIn(`${context.folder}/packages`)).toEqual([])
  })
})

describe('a server that is killed', () => {
  test('before a commit keeps what waits, and its check knows it', async () => {
    const first = await spawnServer()
    const opened = await fetch(`${first.url}/api/v1/publications?repo=repo`, {
      method: 'POST',
      headers: { 'x-api-key': 'secret' },
    })
    const { data } = (await opened.json()) as { data: Publication }
    expect(await upload(first, data.id, a)).toBe('200 taken')
    first.kill('SIGKILL')
    await first.exited
    const options = { fast: false, repair: false, onProgress() {} }
    expect(await checkDataFolder(settingsIn(first.folder), options)).toEqual([])
    const second = await spawnServer({ folder: first.folder })
    expect(await upload(second, data.id, b)).toBe('200 taken')
    expect(await commit(second, data.id)).toMatchObject({ published: [{ name: 'a' }, { name: 'b' }] })
    expect(await entries(second)).toEqual(['a-1.0-1', 'b-1.0-1'])
  })

  test('right after a commit answers the same to who asks again', async () => {
    const first = await spawnServer()
    const opened = await fetch(`${first.url}/api/v1/publications?repo=repo`, {
      method: 'POST',
      headers: { 'x-api-key': 'secret' },
    })
    const { data } = (await opened.json()) as { data: Publication }
    await upload(first, data.id, a)
    const answer = await commit(first, data.id)
    first.kill('SIGKILL')
    await first.exited
    const second = await spawnServer({ folder: first.folder })
    expect(await commit(second, data.id)).toEqual(answer)
    expect(await entries(second)).toEqual(['a-1.0-1'])
  })
})

describe('a split package that lost a member', () => {
  const split = (name: string, version: string) =>
    packageArchive({ name, version, pkginfo: 'pkgbase = tool\n' })

  async function publishNew(server: TestServer, names: readonly string[]): Promise<unknown> {
    for (const name of ['tool', 'tool-docs', 'tool-libs']) await server.publish('repo', split(name, '1-1'))
    const id = await open(server)
    for (const name of names) await upload(server, id, split(name, '2-1'))
    return commit(server, id)
  }

  test('is told of, and the member stays', async () => {
    const server = await startServer()
    expect(await publishNew(server, ['tool', 'tool-libs'])).toMatchObject({
      leftovers: [{ name: 'tool-docs', base: 'tool', version: '1-1', archs: ['x86_64'], removed: false }],
    })
    expect(await entries(server)).toEqual(['tool-2-1', 'tool-docs-1-1', 'tool-libs-2-1'])
  })

  test('loses it in the same commit when the server is set to', async () => {
    const server = await startServer({ settings: { split_leftovers: 'remove' } })
    expect(await publishNew(server, ['tool', 'tool-libs'])).toMatchObject({
      leftovers: [{ name: 'tool-docs', removed: true }],
    })
    expect(await entries(server)).toEqual(['tool-2-1', 'tool-libs-2-1'])
  })

  test('keeps what may be under way, when its packages come one by one', async () => {
    const server = await startServer({ settings: { split_leftovers: 'remove' } })
    expect(await publishNew(server, ['tool'])).toMatchObject({ leftovers: [] })
    await server.publish('repo', split('tool', '3-1'))
    expect(await entries(server)).toEqual(['tool-3-1', 'tool-docs-1-1', 'tool-libs-1-1'])
  })
})
