import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeSignature,
  entryName,
  extensionOf,
  formatBuildinfo,
  formatMtree,
  packageFilename,
  parseBuildinfo,
  parseEntryName,
  parseMtree,
  parsePackageFilename,
  parseSrcinfo,
} from '../src/index.ts'
import { bytes } from './support.ts'
import { architectures, buildinfos, mtrees, packageNames, packageVersions } from './values.ts'

/*
 * What is written and read again is what it was. The inverses of .PKGINFO, desc, files, databases, tar and zstd frames
 * are shown beside their other tests.
 */
describe('written and read again, it is the same:', () => {
  test('a .BUILDINFO', () => {
    fc.assert(
      fc.property(buildinfos, (value) => {
        expect(parseBuildinfo(formatBuildinfo(value))).toEqual(value)
      }),
    )
  })

  test('a .MTREE', () => {
    fc.assert(
      fc.property(mtrees, (value) => {
        expect(parseMtree(formatMtree(value))).toEqual(value)
      }),
    )
  })

  test('the name of an entry', () => {
    fc.assert(
      fc.property(packageNames, packageVersions, (name, version) => {
        expect(parseEntryName(entryName(name, version))).toEqual({ name, version })
      }),
    )
  })

  test('the name of a package file', () => {
    const extensions = fc.constantFrom(
      ...(['zstd', 'xz', 'gzip', 'bzip2', 'lz4', 'lzip', 'lzop', 'compress', 'tar'] as const).map(
        extensionOf,
      ),
    )
    fc.assert(
      fc.property(
        packageNames,
        packageVersions,
        architectures,
        extensions,
        (name, version, arch, extension) => {
          const filename = packageFilename({ name, version, arch }, extension)
          expect(parsePackageFilename(filename)).toEqual({ name, version, arch, extension, filename })
        },
      ),
    )
  })

  test('a signature', () => {
    const bodies = fc.uint8Array({ minLength: 1, maxLength: 500 })
    fc.assert(
      fc.property(bodies, (body) => {
        const packet = bytes(Uint8Array.of(0x89, body.length >> 8, body.length & 0xff), body)
        expect(decodeSignature(Buffer.from(packet).toString('base64'))).toEqual(packet)
      }),
    )
  })

  test('a .SRCINFO, written as makepkg does', () => {
    fc.assert(
      fc.property(srcinfos, ({ base, version, packages }) => {
        const [, epoch, pkgver, pkgrel] = /^(?:([0-9]+):)?(.+)-([^-]+)$/.exec(version) ?? []
        const text = [
          `pkgbase = ${base}`,
          `\tpkgver = ${pkgver}`,
          `\tpkgrel = ${pkgrel}`,
          ...(epoch === undefined ? [] : [`\tepoch = ${epoch}`]),
          '\tarch = x86_64',
          ...packages.flatMap(({ name, depends }) => [
            `\npkgname = ${name}`,
            ...depends.map((depend) => `\tdepends_x86_64 = ${depend}`),
          ]),
        ].join('\n')
        const parsed = parseSrcinfo(text)
        expect({ base: parsed.base, version: parsed.version }).toEqual({ base, version })
        expect(
          parsed.packages.map((one) => ({ name: one.name, depends: one.depends.get('x86_64') ?? [] })),
        ).toEqual(packages)
      }),
    )
  })
})

const srcinfos = fc.record({
  base: packageNames,
  version: packageVersions,
  packages: fc.uniqueArray(
    fc.record({ name: packageNames, depends: fc.array(packageNames, { maxLength: 3 }) }),
    {
      selector: ({ name }) => name,
      minLength: 1,
      maxLength: 4,
    },
  ),
})
