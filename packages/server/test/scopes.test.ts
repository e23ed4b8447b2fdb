import type { AppError } from '@vieter/api'
import { describe, expect, test } from 'vitest'
import { type Caller, decideAccess, formatScope, parseScope } from '../src/domain/scopes.ts'

function callerOf(scopes: readonly string[], archs: readonly string[] = []): Caller {
  return { tokenId: 1, name: 'ci', scopes: scopes.map(parseScope), archs }
}

describe('a scope', () => {
  test.each(['admin', 'read', 'read:a', 'publish:a.b+c', 'agent', 'agent-0.6:a'])('%s is one', (text) => {
    expect(formatScope(parseScope(text))).toBe(text)
  })

  test.each([
    ['', 'Parameter scope must be of admin, read, publish, agent, agent-0.6, but is "".'],
    ['write', 'Parameter scope must be of admin, read, publish, agent, agent-0.6, but is "write".'],
    ['toString', 'Parameter scope must be of admin, read, publish, agent, agent-0.6, but is "toString".'],
    ['publish', 'Parameter scope must say for which repository publish is: publish:REPO.'],
    ['publish:', 'Parameter scope must say for which repository publish is: publish:REPO.'],
    ['agent-0.6', 'Parameter scope must say for which repository agent-0.6 is: agent-0.6:REPO.'],
    ['admin:a', 'Parameter scope admin is for no repository of its own.'],
    ['agent:a', 'Parameter scope agent is for no repository of its own.'],
  ])('%j is none', (text, message) => {
    expect(() => parseScope(text)).toThrow(expect.objectContaining({ code: 'PARAMETER_INVALID', message }))
  })

  test.each(['read:', 'read:a/b', 'publish:..', 'read:a:b'])(
    '%s is for nothing that could be a repository',
    (text) => {
      expect(() => parseScope(text)).toThrow(
        expect.objectContaining({ code: 'REPOSITORY_NAME_INVALID' } satisfies Partial<AppError>),
      )
    },
  )
})

describe('a token that is not for what is asked', () => {
  const wish = { scopes: ['publish', 'agent-0.6'], isReading: false, repository: 'a', archs: [] } as const

  test('is refused with the scopes that would do', () => {
    expect(decideAccess(callerOf(['read', 'publish:b']), wish)).toEqual({
      kind: 'refused',
      message:
        'This needs a token with the scope publish:a or agent-0.6:a or admin; the token ci has read, publish:b.',
    })
  })

  test('of an agent is refused for other architectures, in whatever company they come', () => {
    const lease = { scopes: ['agent'], isReading: false, archs: ['x86_64', 'riscv64'] } as const
    expect(decideAccess(callerOf(['agent'], ['x86_64', 'aarch64']), lease)).toEqual({
      kind: 'refused',
      message: 'The token ci is for x86_64, aarch64, not for riscv64.',
    })
    expect(decideAccess(callerOf(['agent']), lease)).toEqual({ kind: 'granted' })
  })
})

describe('debug packages of a repository', () => {
  const wish = { scopes: ['read', 'publish'], repository: 'a-debug', archs: [] } as const

  test('are read with what reads the repository, but published to with nothing that is not for them', () => {
    const decide = (scope: string, isReading: boolean) =>
      decideAccess(callerOf([scope]), { ...wish, isReading }).kind
    expect([decide('read:a', true), decide('publish:a', true)]).toEqual(['granted', 'granted'])
    expect([decide('publish:a', false), decide('publish:a-debug', false)]).toEqual(['refused', 'granted'])
  })
})

test('an agent reads a repository as long as it holds a lease for it; one that may read anyhow, always', () => {
  const wish = { scopes: ['read', 'agent'], isReading: true, repository: 'a', archs: [] } as const
  const kinds = [['agent'], ['agent', 'read'], ['agent', 'read:b'], ['agent', 'admin']].map(
    (scopes) => decideAccess(callerOf(scopes), wish).kind,
  )
  expect(kinds).toEqual(['while-leased', 'granted', 'while-leased', 'granted'])
})
