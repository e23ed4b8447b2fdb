import { describe, expect, test } from 'vitest'
import type { PlannedPackage } from '../src/domain/repository-state.ts'
import { findLeftovers } from '../src/domain/split-leftovers.ts'
import { planned, stateOf } from './support/planned.ts'

/** The same text is the same package, as one of arch `any` in several arch-repos is. */
function sameOf(known: Map<string, PlannedPackage>, text: string): PlannedPackage {
  const pkg = known.get(text) ?? planned(text)
  known.set(text, pkg)
  return pkg
}

/** What is left behind in arch-repos when packages came together that took their places already. */
function leftBehind(present: Record<string, string[]>, came: string[]): string[] {
  const published = came.map(planned)
  const known = new Map<string, PlannedPackage>()
  const archRepos = Object.entries(present).map(([arch, texts]) => {
    const here = published.filter((pkg) => pkg.arch === arch || pkg.arch === 'any')
    return [arch, [...texts.map((text) => sameOf(known, text)), ...here]] as const
  })
  return findLeftovers(stateOf(Object.fromEntries(archRepos)), published).map(
    ({ pkg, archs }) => `${pkg.name} ${pkg.version} in ${archs}`,
  )
}

const old = ['tool 1-1 x86_64 tool', 'tool-docs 1-1 any tool', 'tool-libs 1-1 x86_64 tool']

describe('a pkgbase that lost a package', () => {
  test('left it behind', () => {
    expect(leftBehind({ x86_64: old }, ['tool 2-1 x86_64 tool', 'tool-libs 2-1 x86_64 tool'])).toEqual([
      'tool-docs 1-1 in x86_64',
    ])
  })

  test('left behind its debug package when it is built without', () => {
    expect(leftBehind({ x86_64: ['tool-debug 1-1 x86_64 tool'] }, ['tool 2-1 x86_64 tool'])).toEqual([
      'tool-debug 1-1 in x86_64',
    ])
  })

  test('left one of arch any behind in all arch-repos', () => {
    const came = ['tool 2-1 x86_64 tool', 'tool-libs 2-1 x86_64 tool']
    expect(leftBehind({ x86_64: old, aarch64: ['tool-docs 1-1 any tool'] }, came)).toEqual([
      'tool-docs 1-1 in x86_64,aarch64',
    ])
  })

  test('and is of arch any altogether now left behind what architectures had', () => {
    const came = ['tool 2-1 any tool', 'tool-docs 2-1 any tool']
    const present = { x86_64: ['tool-libs 1-1 x86_64 tool'], aarch64: ['tool-libs 1-1 aarch64 tool'] }
    expect(leftBehind(present, came)).toEqual(['tool-libs 1-1 in aarch64', 'tool-libs 1-1 in x86_64'])
  })
})

describe('nothing is left behind', () => {
  test.each([
    ['when all came', old, ['tool 2-1 x86_64 tool', 'tool-docs 2-1 any tool', 'tool-libs 2-1 x86_64 tool']],
    ['of another pkgbase', ['tool-box 1-1 x86_64'], ['tool 2-1 x86_64 tool']],
    ['that has the same version: it came by itself', old, ['tool 1-1 x86_64 tool']],
    ['that is newer', ['tool-libs 1:1-1 x86_64 tool'], ['tool 2-1 x86_64 tool']],
  ])('%s', (_, present, came) => {
    expect(leftBehind({ x86_64: present }, came)).toEqual([])
  })

  test('for an architecture of which nothing came', () => {
    const present = { x86_64: ['tool 1-1 x86_64 tool'], aarch64: ['tool-libs 1-1 aarch64 tool'] }
    expect(leftBehind(present, ['tool 2-1 x86_64 tool', 'tool-docs 2-1 any tool'])).toEqual([])
  })
})
