import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { contract, createClient } from '@vieter/api'
import { describe, expect, test } from 'vitest'
import { keyHolder } from '../src/domain/scopes.ts'
import { createKeyWarnings } from '../src/http/warn-of-key.ts'
import { createToken } from '../src/services/create-token.ts'
import { findTokens } from '../src/store/tokens.ts'
import { makeContext } from './support/context.ts'
import { filesIn } from './support/folders.ts'
import { entriesOf, packageArchive } from './support/packages.ts'
import { startServer, type TestServer } from './support/server.ts'

async function addToken({ client }: TestServer, ...scope: string[]): Promise<string> {
  return (await client.call(contract.createToken, { query: { name: 'ci', scope } })).token
}

/** The status, code and message of the answer to a token. */
async function answerTo({ url }: TestServer, token: string, path = '/api/v1/targets'): Promise<string> {
  const answer = await fetch(url + path, { headers: { 'x-api-key': token } })
  const { code = '', message } = (await answer.json()) as { code?: string; message: string }
  return `${answer.status} ${code} ${message}`.trim()
}

async function usesOf({ client }: TestServer): Promise<number[]> {
  return (await client.call(contract.listTokens, {})).map(({ last_used_at }) => last_used_at)
}

describe('a token', () => {
  test('is told once; the data folder holds its SHA-256 alone, and the log nothing of it', async () => {
    const server = await startServer({ logLevel: 'info' })
    const token = await addToken(server, 'read', 'read', 'publish:a')
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(await answerTo(server, token)).toBe('200')
    const listed = await server.client.call(contract.listTokens, {})
    const created_at = expect.closeTo(Date.now() / 1000, -1)
    expect(listed).toEqual([
      {
        id: 1,
        name: 'ci',
        scopes: ['read', 'publish:a'],
        archs: [],
        created_at,
        expires_at: 0,
        last_used_at: created_at,
      },
    ])
    await server.app.stop()
    const kept = filesIn(server.folder).map((path) => readFileSync(join(server.folder, path), 'latin1'))
    expect([...kept, JSON.stringify(server.log)].filter((text) => text.includes(token))).toEqual([])
  })

  test('goes on after a restart, and it is known when it was used', async () => {
    const server = await startServer()
    const token = await addToken(server, 'read')
    expect(await usesOf(server)).toEqual([0])
    await answerTo(server, token)
    const [used] = await usesOf(server)
    expect(used).toBeGreaterThan(0)
    await server.app.stop()
    const next = await startServer({ folder: server.folder })
    expect(await usesOf(next)).toEqual([used])
    expect(await answerTo(next, token)).toBe('200')
  })

  test('that was revoked is good for nothing from then on; its name is free', async () => {
    const server = await startServer()
    const token = await addToken(server, 'read')
    await server.client.call(contract.revokeToken, { params: { name: 'ci' } })
    expect(await answerTo(server, token)).toBe('401 UNAUTHORIZED The token ci was revoked.')
    const again = await server.request('DELETE', '/api/v1/tokens/ci')
    expect([again.status, await again.json()]).toEqual([
      404,
      expect.objectContaining({ code: 'TOKEN_NOT_FOUND' }),
    ])
    expect(await answerTo(server, await addToken(server, 'read'))).toBe('200')
    expect(await answerTo(server, token)).toBe('401 UNAUTHORIZED The token ci was revoked.')
  })

  test('that was revoked while its agent waits for a job gets none', async () => {
    const server = await startServer()
    const agent = createClient({ address: server.url, apiKey: await addToken(server, 'agent') })
    const query = { kind: 'git', url: 'https://e.org/a.git', repo: 'repo' }
    const target = await server.client.call(contract.addTarget, { query })
    const waiting = agent.call(contract.leaseJobs, { query: { arch: ['x86_64'], wait: 60 } })
    await expect.poll(() => usesOf(server)).not.toEqual([0])
    await server.client.call(contract.revokeToken, { params: { name: 'ci' } })
    await server.client.call(contract.enqueueJob, { query: { target, arch: 'x86_64' } })
    expect(await waiting).toEqual([])
  })

  test('whose time is over says so, to pacman as well', async () => {
    const server = await startServer()
    await server.publish('repo', packageArchive())
    await server.request('PATCH', '/api/v1/repos/repo?access=token')
    const token = await addToken(server, 'read')
    await server.app.stop()
    const database = new DatabaseSync(join(server.folder, 'store.sqlite'))
    database.exec('update tokens set expires_at = 1')
    database.close()
    const next = await startServer({ folder: server.folder })
    expect(await answerTo(next, token)).toBe('401 UNAUTHORIZED The token ci has expired.')
    expect(await answerTo(next, token, '/repo/x86_64/repo.db')).toBe(
      '401 READ_UNAUTHORIZED The token ci has expired.',
    )
  })

  test('opens nothing as the password of HTTP Basic but repositories', async () => {
    const server = await startServer()
    const authorization = `Basic ${Buffer.from(`:${await addToken(server, 'admin')}`).toString('base64')}`
    expect((await fetch(`${server.url}/api/v1/targets`, { headers: { authorization } })).status).toBe(401)
  })

  test.each([
    ['name=ci&scope=read', '409 TOKEN_EXISTS'],
    ['name=a', '400 PARAMETER_MISSING'],
    ['scope=read', '400 PARAMETER_MISSING'],
    ['name=a&scope=write', '400 PARAMETER_INVALID'],
    ['name=a&scope=read:a/b', '400 REPOSITORY_NAME_INVALID'],
    ['name=a%0Ab&scope=read', '400 PARAMETER_INVALID'],
    ['name=..&scope=read', '400 PARAMETER_INVALID'],
    ['name=+a&scope=read', '400 PARAMETER_INVALID'],
    ['name=a&scope=agent&arch=any', '400 PARAMETER_INVALID'],
    ['name=a&scope=read&arch=x86_64', '400 PARAMETER_INVALID'],
    ['name=a&scope=read&expires_in=-1', '400 PARAMETER_INVALID'],
  ])('is not made of %s: %s', async (query, expected) => {
    const server = await startServer()
    await addToken(server, 'read')
    const answer = await server.request('POST', `/api/v1/tokens?${query}`)
    const { code } = (await answer.json()) as { code: string }
    expect(`${answer.status} ${code}`).toBe(expected)
    expect(await usesOf(server)).toEqual([0])
  })
})

describe('a token that publishes', () => {
  test('does so in its repository, with one package or several together, and removes nothing', async () => {
    const server = await startServer()
    const ci = createClient({ address: server.url, apiKey: await addToken(server, 'publish:repo') })
    const { id } = await ci.call(contract.openPublication, { query: { repo: 'repo' } })
    for (const name of ['a', 'b']) {
      const body = Uint8Array.from(packageArchive({ name }))
      await ci.call(contract.uploadPackage, { params: { id }, body })
    }
    expect((await ci.call(contract.getPublication, { params: { id } })).packages).toHaveLength(2)
    await ci.call(contract.commitPublication, { params: { id } })
    const body = Uint8Array.from(packageArchive({ name: 'c' }))
    await ci.call(contract.publishPackage, { params: { repo: 'repo' }, body })
    const database = await fetch(`${server.url}/repo/x86_64/repo.db`)
    expect(await entriesOf(database)).toEqual(['a-1.0-1', 'b-1.0-1', 'c-1.0-1'])
    const removal = ci.call(contract.removePackage, {
      params: { repo: 'repo', arch: 'x86_64', pkgname: 'a' },
    })
    await expect(removal).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'This needs a token with the scope admin; the token ci has publish:repo.',
    })
  })
})

describe('in the store', () => {
  test('a token ends when its time comes, to the second', async () => {
    const context = await makeContext()
    const { token } = await createToken(context, { name: 'a', scopes: ['read'], archs: [], expiresIn: 10 })
    const kindAt = (time: number) => {
      context.time = time
      return context.tokens.identify(token)?.kind
    }
    const start = context.time
    expect([kindAt(start + 9), kindAt(start + 10)]).toEqual(['valid', 'ended'])
  })

  test('its last use is written when that is asked for, not when it is used', async () => {
    const context = await makeContext()
    const { token } = await createToken(context, { name: 'a', scopes: ['read'], archs: [] })
    const written = async () => (await findTokens(context.store)).map(({ last_used_at }) => last_used_at)
    context.tokens.identify(token)
    expect(await written()).toEqual([null])
    await context.tokens.saveUses()
    expect(await written()).toEqual([context.time])
  })
})

describe('an agent that shows the API key', () => {
  test('is warned of, by name and address; one with a token is not', async () => {
    const server = await startServer()
    const token = await addToken(server, 'agent')
    const ask = (agent: string, headers = {}) =>
      server.request('POST', `/api/v1/jobs/lease?arch=x86_64&agent=${agent}`, { headers })
    for (const agent of ['one', 'one', 'two']) await ask(agent)
    await ask('three', { 'x-api-key': token })
    await server.request('GET', '/api/v1/jobs/poll?arch=x86_64&max=1')
    const common = {
      level: 40,
      address: '127.0.0.1',
      msg: expect.stringMatching(/^THIS AGENT USES THE API KEY/),
    }
    expect(server.log).toMatchObject(['one', 'two', 'of Vieter 0.6'].map((agent) => ({ ...common, agent })))
  })

  test('is warned of again after an hour', async () => {
    const context = await makeContext()
    const warnings: object[] = []
    const log = { warn: (facts: object) => warnings.push(facts) } as unknown as typeof context.log
    const warn = createKeyWarnings({ clock: context.clock, log })
    for (const pause of [0, 3599, 1]) {
      context.time += pause
      warn(keyHolder, { agent: 'a', address: '::1' })
    }
    expect(warnings).toHaveLength(2)
  })
})
