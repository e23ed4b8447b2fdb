import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  dependenciesFor,
  isDependency,
  packageNamesFor,
  packagesFor,
  parseArchitectureName,
  parseSrcinfo,
} from '../src/index.ts'
import { refusal, run } from './support.ts'

const x86_64 = parseArchitectureName('x86_64')
const aarch64 = parseArchitectureName('aarch64')

const pkgbuild = `
pkgbase=split
pkgname=(split-data split-tools split-arm)
pkgver=1.2
pkgrel=3.1
epoch=2
arch=(x86_64 aarch64)
depends=(bash 'glibc>=2.38')
depends_x86_64=(lib32-glibc)
makedepends=(git bash)
checkdepends_aarch64=(qemu)
provides=('splitted=1.2')
package_split-data() { arch=(any); depends=(); }
package_split-tools() { depends=(zlib); depends_x86_64=(nasm); provides=(); }
package_split-arm() { arch=(aarch64); }
`

/** What the real makepkg prints; it refuses to run as root. */
function printSrcinfo(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'vieter-alpm-'))
  chmodSync(folder, 0o777)
  writeFileSync(join(folder, 'PKGBUILD'), text)
  const asUser =
    process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : []
  const [command = '', ...args] = [...asUser, 'env', `HOME=${folder}`, 'makepkg', '--printsrcinfo']
  try {
    return run(command, args, { cwd: folder }).toString()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('.SRCINFO, as the real makepkg prints it', () => {
  let splitText = ''
  beforeAll(() => {
    splitText = printSrcinfo(pkgbuild)
  }, 60_000)

  test('of a split package', () => {
    const srcinfo = parseSrcinfo(splitText)
    expect(srcinfo).toMatchObject({
      base: 'split',
      version: '2:1.2-3.1',
      pkgver: '1.2',
      pkgrel: '3.1',
      epoch: '2',
      arch: ['x86_64', 'aarch64'],
    })
    expect(srcinfo.packages.map(({ name }) => name)).toEqual(['split-data', 'split-tools', 'split-arm'])
    const [data, tools, arm] = srcinfo.packages
    expect(data).toMatchObject({
      arch: ['any'],
      depends: new Map([
        ['', []],
        ['x86_64', ['lib32-glibc']],
      ]),
    })
    expect(tools).toMatchObject({
      arch: ['x86_64', 'aarch64'],
      depends: new Map([
        ['', ['zlib']],
        ['x86_64', ['nasm']],
      ]),
      provides: new Map([['', []]]),
    })
    expect(arm).toMatchObject({ arch: ['aarch64'], provides: new Map([['', ['splitted=1.2']]]) })
  })

  test('tells what makepkg installs before it builds: not what packages depend on', () => {
    const srcinfo = parseSrcinfo(splitText)
    expect(dependenciesFor(srcinfo, x86_64)).toEqual(['bash', 'glibc>=2.38', 'lib32-glibc', 'git'])
    expect(dependenciesFor(srcinfo, aarch64)).toEqual(['bash', 'glibc>=2.38', 'git', 'qemu'])
  })

  test('tells which packages come out on an architecture', () => {
    const srcinfo = parseSrcinfo(splitText)
    expect(packageNamesFor(srcinfo, x86_64)).toEqual(['split-data', 'split-tools'])
    expect(packagesFor(srcinfo, aarch64)).toEqual([
      { name: 'split-data', version: '2:1.2-3.1', arch: 'any' },
      { name: 'split-tools', version: '2:1.2-3.1', arch: 'aarch64' },
      { name: 'split-arm', version: '2:1.2-3.1', arch: 'aarch64' },
    ])
    expect(packageNamesFor(srcinfo, parseArchitectureName('riscv64'))).toEqual(['split-data'])
  })

  test('of a package alone', () => {
    const srcinfo = parseSrcinfo(
      printSrcinfo('pkgname=one\npkgver=1\npkgrel=1\narch=(any)\noptdepends=("x: y")\npackage() { :; }\n'),
    )
    expect(srcinfo).toMatchObject({ base: 'one', version: '1-1', packages: [{ name: 'one', arch: ['any'] }] })
    expect(srcinfo.epoch).toBeUndefined()
    expect(dependenciesFor(srcinfo, x86_64)).toEqual([])
  })
})

describe('.SRCINFO', () => {
  const head = 'pkgbase = a\n\tpkgver = 1\n\tpkgrel = 1\n\tarch = any\n'

  test.each([
    ['', 'missing: .SRCINFO: the field pkgbase is missing.'],
    ['pkgname = a', 'missing: .SRCINFO must begin with pkgbase.'],
    [head, 'missing: .SRCINFO: there is no pkgname.'],
    [`${head}pkgbase = b\npkgname = a`, 'duplicate: .SRCINFO has two pkgbase.'],
    [`${head}pkgname = a\npkgname = a`, 'duplicate: .SRCINFO has two packages of one name.'],
    ['pkgbase = a\npkgrel = 1\npkgname = a', 'missing: .SRCINFO: the field pkgver is missing.'],
    ['pkgbase = a\npkgver = 1\npkgrel = 1\npkgname = a', 'missing: .SRCINFO: the field arch is missing.'],
    [
      `${head}depends = --config=/x\npkgname = a`,
      'invalid: .SRCINFO: "--config=/x" in depends is not a dependency.',
    ],
    [`${head}makedepends = a b\npkgname = a`, 'invalid: .SRCINFO: "a b" in makedepends is not a dependency.'],
    [`${head}pkgver = 2\npkgname = a`, 'duplicate: .SRCINFO: the field pkgver stands more than once.'],
    [`${head}${'pkgname = a\n'.repeat(1_001)}`, 'too-large: .SRCINFO lists more than 1000 packages.'],
    [
      `${head}${'arch = any\n'.repeat(101)}pkgname = a`,
      'too-large: .SRCINFO lists more than 100 architectures.',
    ],
  ])('%j is refused', (text, message) => {
    expect(refusal(() => parseSrcinfo(text))).toBe(message)
  })

  test.each(['-rf', '../x', '$(id)', 'a;b', 'a\u0001'])('with the package name %j is refused', (name) => {
    expect(refusal(() => parseSrcinfo(`${head}pkgname = ${name}`))).toMatch(/^(invalid|unsafe): /)
  })
})

describe('a dependency', () => {
  test.each([
    'bash',
    'glibc>=2.38',
    'a<1',
    'a<=1:2-3',
    'a=1-1.1',
    'a>0',
    'libfoo.so=1-64',
    'libfoo.so',
    'python>3.12~rc',
    'a=',
  ])('may be %s', (text) => {
    expect(isDependency(text)).toBe(true)
  })

  test.each([
    '',
    '-a',
    '--root=/',
    '>1',
    'a b',
    'a >1',
    'core/a',
    './a',
    'a==1',
    'a=>1',
    'a=1 2',
    'a=$(id)',
    'a=1\n',
    'a\n',
  ])('may not be %j', (text) => {
    expect(isDependency(text)).toBe(false)
  })

  test('is never an option, a path or more than one word', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        if (isDependency(text)) expect(text).not.toMatch(/^-|[\s/'"`$;&|\\]/)
      }),
      { numRuns: 2_000 },
    )
  })
})
