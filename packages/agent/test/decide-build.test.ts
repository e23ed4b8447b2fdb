import { type ArchitectureName, type PackageVersion, parseSrcinfo } from '@vieter/alpm'
import { describe, expect, test } from 'vitest'
import { decideBuild } from '../src/decide-build.ts'
import { parseListing } from '../src/pacman.ts'

const arch = 'x86_64' as ArchitectureName

function srcinfo(options: { version?: string; pkgrel?: string; epoch?: string } = {}) {
  const { version = '1.0', pkgrel = '1', epoch } = options
  const lines = ['pkgbase = app', `\tpkgver = ${version}`, `\tpkgrel = ${pkgrel}`]
  if (epoch) lines.push(`\tepoch = ${epoch}`)
  return parseSrcinfo(
    [...lines, '\tarch = x86_64', '', 'pkgname = app', '', 'pkgname = app-docs', ''].join('\n'),
  )
}

interface Options {
  force?: boolean
  source?: ReturnType<typeof srcinfo>
  served?: readonly string[]
}

function decide(listing: string, { force = false, source = srcinfo(), served = [] }: Options = {}) {
  const published = parseListing(listing)
  return decideBuild({ srcinfo: source, arch, published, served: served as PackageVersion[], force })
}

const both = (version: string) => `vieter app ${version}\nvieter app-docs ${version} [installed]\n`

describe('a build that is not forced', () => {
  test('is made when nothing is published', () => {
    expect(decide('')).toEqual({ kind: 'build' })
  })

  test('is left out when every package of the source is published', () => {
    expect(decide(both('1.0-1'))).toEqual({ kind: 'published' })
  })

  test('is left out when newer ones are published, or one of a raised pkgrel', () => {
    expect(decide(both('1.0-1.2'))).toEqual({ kind: 'published' })
    expect(decide(both('2.0-1'))).toEqual({ kind: 'published' })
  })

  test('is made when an older version is published', () => {
    expect(decide(both('0.9-7'))).toEqual({ kind: 'build' })
  })

  test('counts the epoch', () => {
    const source = srcinfo({ epoch: '1' })
    expect(decide(both('1.0-1'), { source })).toEqual({ kind: 'build' })
    expect(decide(both('1:1.0-1'), { source })).toEqual({ kind: 'published' })
  })

  test('is made under a raised pkgrel when one of the packages is published and the other is not', () => {
    expect(decide('vieter app 1.0-1\n')).toEqual({ kind: 'raise', pkgrel: '1.1' })
  })
})

describe('a build of what was published once and removed', () => {
  test('gets a pkgrel that was never seen', () => {
    expect(decide('', { served: ['1.0-1'] })).toEqual({ kind: 'raise', pkgrel: '1.1' })
    expect(decide('', { served: ['1.0-1', '1.0-1.4'] })).toEqual({ kind: 'raise', pkgrel: '1.5' })
    expect(decide(both('1.0-1'), { served: ['1.0-1', '1.0-1.1'], force: true })).toEqual({
      kind: 'raise',
      pkgrel: '1.2',
    })
  })

  test('keeps its pkgrel when only others were published', () => {
    expect(decide('', { served: ['1.0-2', '1.0.1-1', '1:1.0-1'] })).toEqual({ kind: 'build' })
  })
})

describe('a forced build', () => {
  const forced = (listing: string, source = srcinfo()) => decide(listing, { force: true, source })

  test('keeps its pkgrel when that is published nowhere', () => {
    expect(forced('')).toEqual({ kind: 'build' })
    expect(forced(both('0.9-1'))).toEqual({ kind: 'build' })
    expect(forced(both('2.0-1'))).toEqual({ kind: 'build' })
  })

  test('gets the first free pkgrel below the next number', () => {
    expect(forced(both('1.0-1'))).toEqual({ kind: 'raise', pkgrel: '1.1' })
    expect(forced(both('1.0-1.9'))).toEqual({ kind: 'raise', pkgrel: '1.10' })
    expect(forced('vieter app 1.0-1.1\nvieter app-docs 1.0-1.3\n')).toEqual({ kind: 'raise', pkgrel: '1.4' })
  })

  test('counts the debug package, which no PKGBUILD names', () => {
    expect(forced('vieter app-debug 1.0-1\n')).toEqual({ kind: 'raise', pkgrel: '1.1' })
  })

  test('goes on from a pkgrel that the PKGBUILD itself has raised', () => {
    const source = srcinfo({ pkgrel: '2.3' })
    expect(forced(both('1.0-2.3'), source)).toEqual({ kind: 'raise', pkgrel: '2.4' })
    expect(forced(both('1.0-2.2'), source)).toEqual({ kind: 'build' })
  })
})

test('lines of `pacman -Sl` that name no package are left out', () => {
  expect([...parseListing('vieter app 1-1\nvieter ../x 1-1\nvieter y 1\nnonsense\n\n')]).toEqual([
    ['app', '1-1'],
  ])
})
