import { describe, expect, test } from 'vitest'
import {
  entryName,
  isArchitectureName,
  isPackageFilename,
  isPackageName,
  isPackageVersion,
  isRepositoryName,
  packageFilename,
  parseArchitectureName,
  parseConcreteArchitecture,
  parseEntryName,
  parsePackageFilename,
  parsePackageName,
  parsePackageVersion,
  parseRepositoryName,
} from '../src/index.ts'
import { refusal } from './support.ts'

describe('a package name', () => {
  test.each(['a', 'gtk2+extra', 'lib32-glibc', '@scope', '_x', '+x', 'r8168', 'x'.repeat(255)])(
    'may be %s',
    (name) => {
      expect(parsePackageName(name)).toBe(name)
    },
  )

  test.each(['', '-a', '.a', 'a b', 'a/b', 'ä', 'a\n', 'a:b', 'a=1', '$(id)', 'x'.repeat(256)])(
    'may not be %j',
    (name) => {
      expect(isPackageName(name)).toBe(false)
      expect(refusal(() => parsePackageName(name))).toMatch(
        /^invalid: The pkgname ".*" ?.*is not a package name/,
      )
    },
  )

  test('is refused with the field, the value cut and made harmless', () => {
    expect(refusal(() => parsePackageName(`-${'x'.repeat(300)}`, 'pkgbase'))).toBe(
      `invalid: The pkgbase "-${'x'.repeat(99)}"… (301 characters) is not a package name: ` +
        'letters, digits and @ . _ + - are allowed, no hyphen or dot at the start, and at most 255 characters.',
    )
    expect(refusal(() => parsePackageName('\u001b[31m\u202e\u009b'))).toContain('"\\u001b[31m\\u202e\\u009b"')
  })
})

describe('a version', () => {
  test.each([
    '1-1',
    '1.0-1',
    '2:1.0-1.1',
    '0:0-0',
    '1.3_20171209-1',
    '1~3.0-6',
    'r12.gabc+dirty-3',
    '1.0^git1-1',
  ])('may be %s', (version) => {
    expect(parsePackageVersion(version)).toBe(version)
  })

  test.each([
    '',
    '1',
    '1-',
    '-1',
    'a:1-1',
    ':1-1',
    '1:2:3-1',
    '1-1-1',
    '1/2-1',
    '1 2-1',
    '1-1.',
    '1-1.2.3',
    '1-a',
    '1-1\n',
  ])('may not be %j', (version) => {
    expect(isPackageVersion(version)).toBe(false)
    expect(refusal(() => parsePackageVersion(version))).toMatch(/^invalid: The pkgver .* is not a version/)
  })

  test.each(['$(id)-1', '`id`-1', '1;2-1', "1'-1", '1%41-1', '1?-1', '1#-1', '1<2-1', '1\\-1'])(
    'may not hold what a shell or a URL reads, as in %s',
    (version) => {
      expect(isPackageVersion(version)).toBe(false)
    },
  )
})

describe('a repository name', () => {
  test.each(['vieter', 'a', 'my-repo', 'x86_64', 'a+b', 'api2', 'r.e.p.o', 'R'.repeat(64)])(
    'may be %s',
    (name) => {
      expect(parseRepositoryName(name)).toBe(name)
    },
  )

  test.each(['', '.a', '-a', 'a/b', '..', 'a@b', 'a b', 'a\n', 'ä', 'a%', 'R'.repeat(65)])(
    'may not be %j',
    (name) => {
      expect(isRepositoryName(name)).toBe(false)
      expect(refusal(() => parseRepositoryName(name))).toMatch(
        /^invalid: The repository name .* is not allowed/,
      )
    },
  )

  test.each([
    'api',
    'health',
    'local',
    'options',
    'lastupdate',
    'lastsync',
    'favicon.ico',
    'robots.txt',
    'API',
  ])('%s is reserved', (name) => {
    expect(isRepositoryName(name)).toBe(false)
    expect(refusal(() => parseRepositoryName(name))).toBe(
      `reserved: '${name}' is a reserved keyword & cannot be used as a repository name.`,
    )
  })
})

describe('an architecture', () => {
  test.each(['x86_64', 'aarch64', 'armv7h', 'x86_64_v3', 'any'])('may be %s', (arch) => {
    expect(parseArchitectureName(arch)).toBe(arch)
  })

  test.each(['', 'x86-64', 'a b', '../x', 'x'.repeat(33)])('may not be %j', (arch) => {
    expect(isArchitectureName(arch)).toBe(false)
    expect(refusal(() => parseArchitectureName(arch))).toMatch(/^invalid: The arch .* is not an architecture/)
  })

  test('of a machine may not be any', () => {
    expect(parseConcreteArchitecture('x86_64')).toBe('x86_64')
    expect(refusal(() => parseConcreteArchitecture('any', 'default_arch'))).toBe(
      "invalid: The default_arch 'any' is not allowed here: packages can be for any architecture, " +
        "a machine or a database can't.",
    )
  })
})

describe('a package file name', () => {
  const identity = {
    name: parsePackageName('lib32-foo'),
    version: parsePackageVersion('1:2.0-1.1'),
    arch: parseArchitectureName('x86_64'),
  }

  test('is made of name, version and architecture', () => {
    expect(packageFilename(identity)).toBe('lib32-foo-1:2.0-1.1-x86_64.pkg.tar.zst')
    expect(packageFilename(identity, '.pkg.tar.xz')).toBe('lib32-foo-1:2.0-1.1-x86_64.pkg.tar.xz')
  })

  test.each(['', '.zst', '.xz', '.gz', '.bz2', '.lz4', '.lzo', '.lz', '.Z'])(
    'is taken apart, ending in .pkg.tar%s',
    (end) => {
      const filename = `lib32-foo-1:2.0-1.1-x86_64.pkg.tar${end}`
      expect(parsePackageFilename(filename)).toEqual({ ...identity, extension: `.pkg.tar${end}`, filename })
    },
  )

  test.each([
    'foo.pkg.tar.zst',
    'foo-1-1-any.pkg.tar.lrz',
    'foo-1-1-any.tar.zst',
    'foo-1-1-any.pkg.tar.zst.sig',
  ])('is not %s', (filename) => {
    expect(isPackageFilename(filename)).toBe(false)
  })

  test.each([
    '../foo-1-1-any.pkg.tar.zst',
    '.foo-1-1-any.pkg.tar.zst',
    'a/foo-1-1-any.pkg.tar.zst',
    '-1-1-any.pkg.tar',
  ])('can not climb or hide, as in %s', (filename) => {
    expect(refusal(() => parsePackageFilename(filename))).toMatch(/^invalid: The pkgname/)
  })

  test('leaves room for what pacman puts behind it', () => {
    const long = { ...identity, name: parsePackageName('x'.repeat(240)) }
    expect(refusal(() => packageFilename(long))).toMatch(
      /^too-large: The file name .* at most 246 characters/,
    )
  })
})

describe('an entry name', () => {
  test('is cut at the second hyphen from the end', () => {
    const { name, version } = parseEntryName('lib32-foo-bar-1:2.0-3')
    expect([name, version]).toEqual(['lib32-foo-bar', '1:2.0-3'])
    expect(entryName(name, version)).toBe('lib32-foo-bar-1:2.0-3')
  })

  test.each(['foo', 'foo-1', '-1-1', 'foo-1-a', '../x-1-1'])('is not %s', (text) => {
    expect(refusal(() => parseEntryName(text))).toMatch(/^invalid: /)
  })
})
