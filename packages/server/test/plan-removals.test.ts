import { describe, expect, test } from 'vitest'
import { applyRemoval, type Removal, type Removed } from '../src/domain/plan-removals.ts'
import type { RepositoryState } from '../src/domain/repository-state.ts'
import { namesOf, planned, stateOf } from './support/planned.ts'

/** A repository of two arch-repos that share a package of arch `any`; `tool` is split in three. */
function repository(): RepositoryState {
  const docs = planned('tool-docs 1-1 any tool')
  return stateOf({
    x86_64: [
      docs,
      planned('tool 1-1 x86_64'),
      planned('tool-debug 1-1 x86_64 tool'),
      planned('other 1-1 x86_64'),
    ],
    aarch64: [docs, planned('tool 2-1 aarch64'), planned('tool-box 1-1 aarch64')],
  })
}

function packages(names: string[], more: { bases?: string[]; arch?: string } = {}): Removal {
  return { kind: 'remove-packages', names, bases: [], ...more }
}

/** Each package that went: `NAME from ARCHS`, and `file` when no arch-repo holds it any more. */
function told({ packages: gone }: Removed): string[] {
  return gone.map(({ pkg, archs, isGone }) => `${pkg.name} from ${archs}${isGone ? ', file' : ''}`)
}

describe('a package', () => {
  test('leaves all arch-repos that hold it, and nothing else does', () => {
    const state = repository()
    expect(told(applyRemoval(state, packages(['tool'])))).toEqual([
      'tool from x86_64, file',
      'tool from aarch64, file',
    ])
    expect(namesOf(state)).toEqual({
      x86_64: ['tool-docs', 'tool-debug', 'other'],
      aarch64: ['tool-docs', 'tool-box'],
    })
  })

  test('leaves the one arch-repo that is named', () => {
    const state = repository()
    expect(told(applyRemoval(state, packages(['tool'], { arch: 'aarch64' })))).toEqual([
      'tool from aarch64, file',
    ])
    expect(namesOf(state).x86_64).toContain('tool')
  })

  test('of arch any leaves all of them, also when one is named', () => {
    const state = repository()
    expect(told(applyRemoval(state, packages(['tool-docs'], { arch: 'x86_64' })))).toEqual([
      'tool-docs from x86_64,aarch64, file',
    ])
    expect(namesOf(state).aarch64).toEqual(['tool', 'tool-box'])
  })

  test('of arch any leaves those alone that an architecture has instead', () => {
    const state = stateOf({ x86_64: [planned('a 1-1 any')], aarch64: [planned('a 2-1 aarch64')] })
    applyRemoval(state, packages(['a'], { arch: 'x86_64' }))
    expect(namesOf(state)).toEqual({ x86_64: [], aarch64: ['a'] })
  })
})

describe('a pkgbase', () => {
  test('goes with all its packages and its debug package; a longer name is another one', () => {
    const state = repository()
    const removed = applyRemoval(state, packages([], { bases: ['tool'] }))
    expect(told(removed).toSorted()).toEqual([
      'tool from aarch64, file',
      'tool from x86_64, file',
      'tool-debug from x86_64, file',
      'tool-docs from x86_64,aarch64, file',
    ])
    expect(namesOf(state)).toEqual({ x86_64: ['other'], aarch64: ['tool-box'] })
  })

  test('of one arch-repo takes its packages of arch any from all', () => {
    const state = repository()
    applyRemoval(state, packages([], { bases: ['tool'], arch: 'x86_64' }))
    expect(namesOf(state)).toEqual({ x86_64: ['other'], aarch64: ['tool', 'tool-box'] })
  })
})

describe('more than packages', () => {
  test('an arch-repo goes with what it holds; what others hold as well stays there', () => {
    const state = repository()
    const removed = applyRemoval(state, { kind: 'remove-arch-repo', arch: 'aarch64' })
    expect(told(removed)).toEqual([
      'tool from aarch64, file',
      'tool-box from aarch64, file',
      'tool-docs from aarch64',
    ])
    expect(removed).toMatchObject({ archs: ['aarch64'], repository: false })
    expect(Object.keys(namesOf(state))).toEqual(['x86_64'])
  })

  test('a repository goes with everything', () => {
    const state = repository()
    const removed = applyRemoval(state, { kind: 'remove-repository' })
    expect(removed).toMatchObject({ archs: ['x86_64', 'aarch64'], repository: true })
    expect(told(removed)).toHaveLength(6)
    expect(state).toEqual({ exists: false, archRepos: new Map() })
  })
})

describe('what is not there', () => {
  test.each([
    [packages(['tool', 'nothing']), 'PACKAGE_NOT_FOUND', 'There is no package nothing.'],
    [packages(['other'], { arch: 'aarch64' }), 'PACKAGE_NOT_FOUND', 'There is no package other for aarch64.'],
    [packages(['tool'], { bases: ['box'] }), 'PACKAGE_NOT_FOUND', 'There is no package of the pkgbase box.'],
    [packages(['tool'], { arch: 'riscv64' }), 'REPOSITORY_NOT_FOUND', /architecture/],
    [{ kind: 'remove-arch-repo', arch: 'riscv64' } as const, 'REPOSITORY_NOT_FOUND', /architecture/],
  ])('refuses all of %j', (removal, code, message) => {
    const state = repository()
    const before = namesOf(state)
    expect(() => applyRemoval(state, removal)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
    expect(namesOf(state)).toEqual(before)
  })

  test('a repository that is not there has nothing to remove', () => {
    const state: RepositoryState = { exists: false, archRepos: new Map() }
    for (const removal of [packages(['a']), { kind: 'remove-repository' } as const])
      expect(() => applyRemoval(state, removal)).toThrow(
        expect.objectContaining({ code: 'REPOSITORY_NOT_FOUND' }),
      )
  })
})
