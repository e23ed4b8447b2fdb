import { type AppError, type Policies, policyNames, policyTable } from '@vieter/api'
import { describe, expect, test } from 'vitest'
import { isDebugPackage, sortDebugPackages } from '../src/domain/debug-packages.ts'
import { describeClaim } from '../src/domain/official-names.ts'
import { applyChange, type Change, concernsAll, type Rules, scopeOf } from '../src/domain/plan-changes.ts'
import {
  changePolicies,
  effectivePolicies,
  mainRepositoryOf,
  type OwnPolicies,
  parsePolicyChanges,
} from '../src/domain/policies.ts'
import type { RepositoryState } from '../src/domain/repository-state.ts'
import type { StoredPackage } from '../src/domain/stored-package.ts'

const defaults = Object.fromEntries(
  policyNames.map((name) => [name, policyTable[name].default]),
) as unknown as Policies

describe('what people write', () => {
  test.each([
    [{ downgrade: 'allow' }, { downgrade: 'allow' }],
    [{ downgrade: '' }, { downgrade: null }],
    [{ archs: 'x86_64, aarch64,x86_64' }, { archs: 'x86_64,aarch64' }],
    [{ archs: 'open' }, { archs: 'open' }],
    [{}, {}],
  ])('%j is the change %j', (texts, changes) => {
    expect(parsePolicyChanges(texts)).toEqual(changes)
  })

  test.each([
    [{ access: 'private' }, 'Parameter access must be one of public, token, but is "private".'],
    [
      { archs: 'x86_64,any' },
      'Parameter archs must be `open` or a comma list of up to 16 architectures such as x86_64, never any, but is "x86_64,any".',
    ],
    [{ archs: ',' }, expect.stringContaining('but is ","')],
    [{ archs: '../x' }, expect.stringContaining('Parameter archs')],
    [{ debug_packages: 'KEEP' }, expect.stringContaining('keep, separate, drop')],
  ])('%j is refused', (texts, message) => {
    expect(faultOf(() => parsePolicyChanges(texts))).toEqual(['PARAMETER_INVALID', message])
  })

  test('a value that is cleared is the repository’s no more', () => {
    const own: OwnPolicies = { downgrade: 'allow', access: 'token' }
    expect(changePolicies(own, { downgrade: null, same_version: 'replace' })).toEqual({
      access: 'token',
      same_version: 'replace',
    })
  })
})

describe('the policies that count', () => {
  const own = new Map<string, OwnPolicies>([['x', { access: 'token', debug_packages: 'separate' }]])
  const policiesOf = (name: string) => effectivePolicies(name, (each) => own.get(each), defaults)

  test('are a repository’s own, else the defaults', () => {
    expect(policiesOf('x')).toEqual({ ...defaults, access: 'token', debug_packages: 'separate' })
    expect(policiesOf('other')).toEqual(defaults)
  })

  test('of one for debug packages, those of its main repository before the defaults; and it keeps what it gets', () => {
    expect(policiesOf('x-debug')).toEqual({ ...defaults, access: 'token' })
  })

  test.each([
    ['x-debug', 'x'],
    ['x-debug-debug', 'x-debug'],
    ['x', undefined],
    ['-debug', undefined],
  ])('%s is for the debug packages of %s', (name, main) => {
    expect(mainRepositoryOf(name)).toBe(main)
  })
})

describe('a lower version', () => {
  test('is refused, by the order of pacman', () => {
    const state = stateOf({ x86_64: [packageOf({ version: '1:1.0-1' })] })
    expect(faultOf(() => publish(state, packageOf({ version: '2.0-1' })))).toEqual([
      'PACKAGE_DOWNGRADE',
      'x86_64 holds hello 1:1.0-1, which is higher than 2.0-1.',
    ])
    expect(versionsIn(state)).toEqual({ x86_64: ['1:1.0-1'] })
  })

  test('is taken when it is insisted on, or the policy allows it', () => {
    for (const [insistence, own] of [
      [{ force: true }, {}],
      [{}, { downgrade: 'allow' }],
    ] as const) {
      const state = stateOf({ x86_64: [packageOf({ version: '2.0-1' })] })
      publish(state, packageOf({ version: '1.0-1' }), insistence, own)
      expect(versionsIn(state)).toEqual({ x86_64: ['1.0-1'] })
    }
  })

  test('counts in each arch-repo by itself; a package of arch any goes to all or none', () => {
    const state = stateOf({
      x86_64: [packageOf({ version: '2.0-1' })],
      aarch64: [packageOf({ version: '1.0-1', arch: 'aarch64' })],
    })
    publish(state, packageOf({ version: '1.5-1', arch: 'aarch64' }))
    expect(faultOf(() => publish(state, packageOf({ version: '1.7-1', arch: 'any' })))[0]).toBe(
      'PACKAGE_DOWNGRADE',
    )
    expect(versionsIn(state)).toEqual({ x86_64: ['2.0-1'], aarch64: ['1.5-1'] })
  })

  test('nothing of several packages is taken when one is refused', () => {
    const state = stateOf({ x86_64: [packageOf({ version: '2.0-1' })] })
    const packages = [packageOf({ name: 'other' }), packageOf({ version: '1.0-1' })]
    expect(faultOf(() => apply(state, { kind: 'publish', packages }))[0]).toBe('PACKAGE_DOWNGRADE')
    expect(versionsIn(state)).toEqual({ x86_64: ['2.0-1'] })
  })
})

describe('the same version with other bytes', () => {
  test.each([
    ['under the same file name', { sha256: 'b' }],
    ['in another compression', { filename: 'hello-1.0-1-x86_64.pkg.tar.xz', sha256: 'b' }],
    ['for any architecture', { arch: 'any', filename: 'hello-1.0-1-any.pkg.tar.zst', sha256: 'b' }],
  ])('%s is refused, unless it is to replace the other', (_, changes) => {
    const first = packageOf({ sha256: 'a' })
    const state = stateOf({ x86_64: [first] })
    const published = [first]
    const second = packageOf(changes)
    expect(faultOf(() => publish(state, second, {}, {}, published))[0]).toBe('PACKAGE_EXISTS')
    expect(versionsIn(state)).toEqual({ x86_64: ['1.0-1'] })
    publish(state, second, { replace: true }, {}, published)
    expect(state.archRepos.get('x86_64')?.get('hello')?.sha256).toBe('b')
    publish(state, first, {}, { same_version: 'replace' }, published)
    expect(state.archRepos.get('x86_64')?.get('hello')?.sha256).toBe('a')
  })

  test('is refused also when what was served under the name is long gone', () => {
    const remembered = new Map([['hello-1.0-1-x86_64.pkg.tar.zst', 'a']])
    const state = stateOf({})
    const attempt = (sha256: string) => () =>
      apply(state, { kind: 'publish', packages: [packageOf({ sha256 })] }, {}, { remembered })
    expect(faultOf(attempt('b'))).toEqual([
      'PACKAGE_EXISTS',
      'Another file was published as hello-1.0-1-x86_64.pkg.tar.zst already (its sha256 is a).',
    ])
    attempt('a')()
    expect(versionsIn(state)).toEqual({ x86_64: ['1.0-1'] })
  })
})

describe('the architectures of a repository', () => {
  const any = packageOf({ name: 'data', arch: 'any' })

  test('open: each comes into being with its first package, and begins with all of arch any', () => {
    const state = stateOf({})
    publish(state, any)
    expect(namesIn(state)).toEqual({ x86_64: ['data'] })
    publish(state, packageOf({ arch: 'aarch64' }))
    expect(namesIn(state)).toEqual({ x86_64: ['data'], aarch64: ['data', 'hello'] })
  })

  test('listed: they are there from the first change on, and packages of arch any go to these', () => {
    const own: OwnPolicies = { archs: 'aarch64,riscv64' }
    const state = stateOf({})
    apply(state, { kind: 'configure', changes: own, isNew: true })
    expect(namesIn(state)).toEqual({ aarch64: [], riscv64: [] })
    publish(state, any, {}, own)
    expect(namesIn(state)).toEqual({ aarch64: ['data'], riscv64: ['data'] })
  })

  test('listed: another is refused', () => {
    const state = stateOf({})
    expect(faultOf(() => publish(state, packageOf(), {}, { archs: 'aarch64,riscv64' }))).toEqual([
      'ARCHITECTURE_REFUSED',
      'hello-1.0-1-x86_64.pkg.tar.zst is for x86_64, but the repository has aarch64, riscv64 alone.',
    ])
    expect(state.exists).toBe(false)
  })

  test('one that is taken off the list stays as it is, and gets nothing more', () => {
    const state = stateOf({ x86_64: [any], aarch64: [any] })
    apply(state, { kind: 'configure', changes: { archs: 'x86_64' }, isNew: false })
    publish(state, packageOf({ name: 'data', arch: 'any', version: '2.0-1' }), {}, { archs: 'x86_64' })
    expect(versionsIn(state)).toEqual({ x86_64: ['2.0-1'], aarch64: ['1.0-1'] })
    publish(state, packageOf({ arch: 'riscv64' }))
    expect(versionsIn(state).riscv64).toEqual(['2.0-1', '1.0-1'])
  })

  test('a package for one architecture takes the place of one for any there alone', () => {
    const state = stateOf({ x86_64: [any], aarch64: [any] })
    publish(state, packageOf({ name: 'data', version: '2.0-1' }))
    expect(versionsIn(state)).toEqual({ x86_64: ['2.0-1'], aarch64: ['1.0-1'] })
    publish(state, packageOf({ name: 'data', version: '3.0-1', arch: 'any' }))
    expect(versionsIn(state)).toEqual({ x86_64: ['3.0-1'], aarch64: ['3.0-1'] })
  })

  test('what a publish reads and waits for: its arch-repo, or all as long as one of the list is missing', () => {
    const change: Change = { kind: 'publish', packages: [packageOf()] }
    const extent = { archs: new Set(['x86_64']), defaultArch: 'x86_64', policies: defaults }
    expect([scopeOf(change, extent), concernsAll(change, extent)]).toEqual(['x86_64', false])
    const listed = { ...extent, policies: { ...defaults, archs: 'x86_64,aarch64' } }
    expect([scopeOf(change, listed), concernsAll(change, listed)]).toEqual(['all', true])
  })
})

describe('a repository', () => {
  test('is configured when it is there, and added when it is not', () => {
    const configure = (isNew: boolean): Change => ({ kind: 'configure', changes: {}, isNew })
    expect(faultOf(() => apply(stateOf({}), configure(false)))[0]).toBe('REPOSITORY_NOT_FOUND')
    expect(faultOf(() => apply(stateOf({ x86_64: [] }), configure(true)))[0]).toBe('REPOSITORY_EXISTS')
    const state = stateOf({})
    apply(state, configure(true))
    expect(state).toEqual({ exists: true, archRepos: new Map() })
  })

  test('its new policies count for the next change', () => {
    const rules = rulesOf({})
    const state = stateOf({ x86_64: [packageOf({ version: '2.0-1' })] })
    applyChange(state, { kind: 'configure', changes: { downgrade: 'allow' }, isNew: false }, rules)
    applyChange(state, { kind: 'publish', packages: [packageOf()] }, rules)
    expect(versionsIn(state)).toEqual({ x86_64: ['1.0-1'] })
  })
})

describe('debug packages', () => {
  test.each([
    ['hello-debug', 'hello', [], true],
    ['hello-debug', 'hello', ['pkgtype=debug'], true],
    ['hello-debug', 'hello', ['pkgtype=split'], false],
    ['hello-symbols', 'hello', ['pkgtype=debug'], true],
    ['lib-debug', 'hello', [], false],
    ['hello', 'hello', [], false],
  ])('%s of %s with xdata %j: %s', (name, base, xdata, expected) => {
    expect(isDebugPackage({ name, base, xdata })).toBe(expected)
  })

  test('stay, go elsewhere, or go nowhere', () => {
    const [main, debug] = [packageOf(), packageOf({ name: 'hello-debug', isDebug: true })]
    const sorted = (debug_packages: Policies['debug_packages']) =>
      sortDebugPackages([main, debug], { debug_packages })
    expect(sorted('keep')).toEqual({ here: [main, debug], separate: [], dropped: [] })
    expect(sorted('separate')).toEqual({ here: [main], separate: [debug], dropped: [] })
    expect(sorted('drop')).toEqual({ here: [main], separate: [], dropped: [debug] })
  })
})

describe('official names', () => {
  const listed = [{ name: 'glibc', list: 'core' }]

  test.each([
    [{ name: 'glibc', replaces: [] }, 'glibc is the name of a package in core.'],
    [
      { name: 'mylibc', replaces: ['other', 'glibc<2.40'] },
      'mylibc says that it replaces glibc, a package in core: pacman would put it in its place.',
    ],
    [{ name: 'mylibc', replaces: ['glibc-old'] }, undefined],
  ])('%j', (pkg, expected) => {
    expect(describeClaim(pkg, listed)).toBe(expected)
  })
})

function packageOf(changes: Partial<StoredPackage> = {}): StoredPackage {
  const { name = 'hello', version = '1.0-1', arch = 'x86_64' } = changes
  const filename = `${name}-${version}-${arch}.pkg.tar.zst`
  const texts = { desc: '', files: '' }
  const facts = {
    size: 1,
    sha256: filename,
    md5: '',
    signature: '',
    blobKey: `${filename} ${changes.sha256}`,
  }
  return {
    name,
    base: name,
    version,
    arch,
    filename,
    ...facts,
    ...texts,
    replaces: [],
    isDebug: false,
    ...changes,
  }
}

function stateOf(archRepos: Record<string, StoredPackage[]>): RepositoryState {
  const entries = Object.entries(archRepos).map(
    ([arch, packages]) => [arch, new Map(packages.map((pkg) => [pkg.name, pkg]))] as const,
  )
  return { exists: entries.length > 0, archRepos: new Map(entries) }
}

function rulesOf(own: OwnPolicies, changes: Partial<Rules> = {}): Rules {
  const policiesWith = (next: OwnPolicies) => ({ ...defaults, ...next })
  return {
    policies: policiesWith(own),
    policiesWith,
    own,
    defaultArch: 'x86_64',
    published: new Map(),
    remembered: new Map(),
    ...changes,
  }
}

function apply(state: RepositoryState, change: Change, own: OwnPolicies = {}, rules: Partial<Rules> = {}) {
  return applyChange(state, change, rulesOf(own, rules))
}

function publish(
  state: RepositoryState,
  pkg: StoredPackage,
  insistence: { replace?: boolean; force?: boolean } = {},
  own: OwnPolicies = {},
  published: readonly StoredPackage[] = [],
) {
  const known = new Map(published.map((each) => [each.filename, each]))
  return apply(state, { kind: 'publish', packages: [pkg], ...insistence }, own, { published: known })
}

function versionsIn({ archRepos }: RepositoryState): Record<string, string[]> {
  const versions = Array.from(archRepos, ([arch, packages]) => [
    arch,
    Array.from(packages.values(), ({ version }) => version),
  ])
  return Object.fromEntries(versions)
}

function namesIn({ archRepos }: RepositoryState): Record<string, string[]> {
  return Object.fromEntries(Array.from(archRepos, ([arch, packages]) => [arch, [...packages.keys()]]))
}

function faultOf(attempt: () => unknown): [string, string] | [] {
  try {
    attempt()
    return []
  } catch (fault) {
    const { code, message } = fault as AppError
    return [code, message]
  }
}
