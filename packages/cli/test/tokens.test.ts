import type { Token } from '@vieter/api'
import { expect, test } from 'vitest'
import { startContractServer } from './contract-server.ts'
import { vieter } from './vieter.ts'

const builder: Token = {
  id: 1,
  name: 'builder',
  scopes: ['agent'],
  archs: ['x86_64'],
  created_at: 1_700_000_000,
  expires_at: 0,
  last_used_at: 0,
}

test('tokens create prints the token and nothing else', async () => {
  await using server = await startContractServer({ createToken: () => ({ ...builder, token: 'abc' }) })
  const words = ['tokens', 'create', 'builder', '--scope', 'agent', '--arch', 'x86_64', '--expires', '90d']
  expect((await vieter(words, { server })).stdout).toBe('abc\n')
  expect(server.calls).toMatchObject([
    { query: { name: 'builder', scope: ['agent'], arch: ['x86_64'], expires_in: 90 * 86_400 } },
  ])
  const { stdout } = await vieter([...words, '--json'], { server })
  expect(JSON.parse(stdout)).toEqual({ ...builder, token: 'abc' })
})

test.each([
  [
    ['--scope', 'publish:a', '--scope', 'read:b,agent'],
    ['publish:a', 'read:b', 'agent'],
  ],
  [
    ['--scope', 'agent-0.6', '--repo', 'a,b'],
    ['agent-0.6:a', 'agent-0.6:b'],
  ],
  [
    ['--scope', 'read,agent,publish:c', '--repo', 'a'],
    ['read:a', 'agent', 'publish:c'],
  ],
])('tokens create x %j asks for %j', async (options, scope) => {
  await using server = await startContractServer({ createToken: () => ({ ...builder, token: 'abc' }) })
  expect((await vieter(['tokens', 'create', 'x', ...options], { server })).code).toBe(0)
  expect(server.calls).toMatchObject([{ query: { scope } }])
})

test.each([
  [[], "required option '--scope <scopes>' not specified"],
  [['--scope', 'agent', '--repo', 'a'], '--repo is for no scope here.'],
  [['--scope', 'agent', '--expires', '90'], 'Write a span such as 12h, 90d, 8w or 1y.'],
  [['--scope', 'agent', '--expires', '101y'], 'Write a span such as 12h, 90d, 8w or 1y.'],
])('tokens create x %j asks the server nothing', async (options, message) => {
  await using server = await startContractServer({})
  const { code, stderr } = await vieter(['tokens', 'create', 'x', ...options], { server })
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  expect(server.calls).toEqual([])
})

test('tokens list shows what each is for, and when it was used', async () => {
  const reader = { ...builder, name: 'laptop', scopes: ['read:a'], archs: [], last_used_at: 1_700_000_000 }
  await using server = await startContractServer({ listTokens: () => [builder, reader] })
  const { stdout } = await vieter(['-r', 'tokens', 'list'], { server })
  const [first, second] = stdout.split('\n').map((line) => line.split('\t'))
  expect(first).toEqual(['builder', 'agent', 'x86_64', expect.stringMatching(/^2023-/), 'never', 'never'])
  expect(second?.at(-1)).toMatch(/^2023-/)
  expect(JSON.parse((await vieter(['tokens', 'list', '--json'], { server })).stdout)).toEqual([
    builder,
    reader,
  ])
})

test('tokens revoke names the token', async () => {
  await using server = await startContractServer({ revokeToken: () => undefined })
  const { stdout } = await vieter(['tokens', 'revoke', 'a/laptop'], { server })
  expect(stdout).toBe('Revoked the token a/laptop.\n')
  expect(server.calls).toMatchObject([{ params: { name: 'a/laptop' } }])
})
