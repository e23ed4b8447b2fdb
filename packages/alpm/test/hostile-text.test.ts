import { performance } from 'node:perf_hooks'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compareVersions,
  decodeSignature,
  formatBuildinfo,
  formatDesc,
  formatFiles,
  formatMtree,
  formatPkginfo,
  isArchitectureName,
  isDependency,
  isPackageFilename,
  isPackageName,
  isPackageVersion,
  isRepositoryName,
  parseArchitectureName,
  parseBuildinfo,
  parseConcreteArchitecture,
  parseDesc,
  parseEntryName,
  parseFiles,
  parseMtree,
  parsePackageFilename,
  parsePackageName,
  parsePackageVersion,
  parsePkginfo,
  parseRepositoryName,
  parseSrcinfo,
} from '../src/index.ts'
import { isFormatError } from './support.ts'

interface Parser {
  readonly name: string
  readonly parse: (text: string) => unknown
  /** A text that is taken, to be damaged. */
  readonly sample: string
  /** Writes what was parsed; what that gives is read as the same. */
  readonly format?: (value: never) => string
}

const sha256 = 'ab'.repeat(32)

const parsers: readonly Parser[] = [
  {
    name: '.PKGINFO',
    parse: parsePkginfo,
    format: formatPkginfo,
    sample:
      '# Generated\npkgname = hello\npkgbase = hello\nxdata = pkgtype=pkg\npkgver = 1:1.0-1\npkgdesc = Says it\nsize = 9\narch = any\ndepend = sh>=5\noptdepend = cow: moo\n',
  },
  {
    name: '.BUILDINFO',
    parse: parseBuildinfo,
    format: formatBuildinfo,
    sample: `format = 2\npkgname = hello\npkgver = 1-1\npkgarch = any\npkgbuild_sha256sum = ${sha256}\nbuilddate = 5\nfuture = x\ninstalled = bash-5-1-any\n`,
  },
  {
    name: '.SRCINFO',
    parse: parseSrcinfo,
    sample:
      'pkgbase = hello\n\tpkgver = 1\n\tpkgrel = 1\n\tepoch = 2\n\tarch = x86_64\n\tdepends = sh>=5\n\npkgname = hello\n\tdepends_x86_64 = \n\npkgname = bye\n',
  },
  {
    name: '.MTREE',
    parse: parseMtree,
    format: formatMtree,
    sample: `#mtree\n/set type=file uid=0 gid=0 mode=644\n./.PKGINFO time=5.0 size=1 sha256digest=${sha256}\n/unset mode\n./usr/a\\040b time=5.1 type=link link=c\\134\n`,
  },
  {
    name: 'desc',
    parse: parseDesc,
    format: ({ pkginfo, file }: ReturnType<typeof parseDesc>) => formatDesc(pkginfo, file),
    sample: `%FILENAME%\nhello-1-1-any.pkg.tar.zst\n\n%NAME%\nhello\n\n%VERSION%\n1-1\n\n%CSIZE%\n5\n\n%SHA256SUM%\n${sha256}\n\n%PGPSIG%\nab==\n\n%DEPENDS%\na\nb\n\n`,
  },
  { name: 'files', parse: parseFiles, sample: '%FILES%\nusr/\nusr/bin/\nusr/bin/hello\n' },
  { name: 'a package name', parse: parsePackageName, sample: 'lib32-gtk+2.0' },
  { name: 'a version', parse: parsePackageVersion, sample: '1:2.0.rc1+3-4.5' },
  { name: 'a repository name', parse: parseRepositoryName, sample: 'my-repo' },
  { name: 'an architecture', parse: parseArchitectureName, sample: 'x86_64' },
  { name: 'an architecture of a machine', parse: parseConcreteArchitecture, sample: 'aarch64' },
  { name: 'a package file name', parse: parsePackageFilename, sample: 'a-b-1:2-3-any.pkg.tar.zst' },
  { name: 'an entry name', parse: parseEntryName, sample: 'a-b-1:2-3' },
  { name: 'a signature', parse: decodeSignature, sample: 'iAEE' },
]

/** Texts that come near to `sample`, and some that don't. All of them can come out of a decoder of UTF-8. */
function textsAround(sample: string): fc.Arbitrary<string> {
  const words = sample.split(/(?<=[\n =%:./-])|(?=[\n =%:./-])/)
  const junk = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.constantFrom(...words, '\n', '\r\n', '\0', '%NAME%', '=', '/../', '\u202e', '__proto__'),
    fc
      .tuple(fc.constantFrom(...words, '\n', '0', '-', '.', ' ', 'a'), fc.nat(20_000))
      .map(([w, n]) => w.repeat(n)),
  )
  const splices = fc.array(fc.tuple(fc.nat(sample.length), fc.nat(8), junk), { minLength: 1, maxLength: 4 })
  const damaged = splices.map((all) =>
    all.reduce((text, [at, length, word]) => text.slice(0, at) + word + text.slice(at + length), sample),
  )
  const shuffled = fc.shuffledSubarray([...words, ...words]).map((some) => some.join(''))
  return fc
    .oneof({ weight: 6, arbitrary: damaged }, shuffled, fc.string({ unit: 'binary' }))
    .map((text) => text.toWellFormed())
}

/** What a parser makes of a text, and undefined if it refuses it. Within two seconds, however long the text. */
function outcomeOf(parse: (text: string) => unknown, text: string): unknown {
  const start = performance.now()
  try {
    return parse(text)
  } catch (error) {
    expect(error).toSatisfy(isFormatError)
    return undefined
  } finally {
    expect(performance.now() - start).toBeLessThan(2_000)
  }
}

describe('given anything, it answers or throws a FormatError, at once:', () => {
  test.each(parsers)('$name', ({ parse, sample, format }) => {
    expect(outcomeOf(parse, sample)).toBeDefined()
    fc.assert(
      fc.property(textsAround(sample), (text) => {
        const value = outcomeOf(parse, text)
        if (value !== undefined && format) expect(parse(format(value as never))).toEqual(value)
      }),
      { numRuns: 500 },
    )
  })

  test('files, which are written as they are read once they are sorted', () => {
    fc.assert(
      fc.property(textsAround('%FILES%\nusr/\nusr/a\n'), (text) => {
        const listed = outcomeOf(parseFiles, text) as string[] | undefined
        const written = outcomeOf((some) => formatFiles(some.split('\n')), (listed ?? []).join('\n'))
        if (typeof written === 'string') expect(formatFiles(parseFiles(written))).toBe(written)
      }),
    )
  })
})

describe('given anything, it answers:', () => {
  const questions = {
    isArchitectureName,
    isDependency,
    isPackageFilename,
    isPackageName,
    isPackageVersion,
    isRepositoryName,
  }
  const anything = fc.oneof(...parsers.slice(6).map(({ sample }) => textsAround(sample)))

  test.each(Object.entries(questions))('%s', (_, question) => {
    fc.assert(
      fc.property(anything, (text) => {
        expect(outcomeOf(question, text)).toBeTypeOf('boolean')
      }),
    )
  })

  test('compareVersions, the opposite when it is asked the other way round', () => {
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        const order = outcomeOf((text) => compareVersions(text, b), a) as number
        expect(order + compareVersions(b, a)).toBe(0)
      }),
    )
  })
})
