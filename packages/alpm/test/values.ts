import fc from 'fast-check'
import {
  type ArchitectureName,
  type PackageName,
  type PackageVersion,
  type Pkginfo,
  parseArchitectureName,
  parsePackageName,
  parsePackageVersion,
} from '../src/index.ts'

/** Package names, as PKGBUILD(5) allows them. */
const packageNames: fc.Arbitrary<PackageName> = fc
  .stringMatching(/^[a-zA-Z0-9@_+][a-zA-Z0-9@._+-]{0,20}$/)
  .map((text) => parsePackageName(text))

const packageVersions: fc.Arbitrary<PackageVersion> = fc
  .stringMatching(/^([0-9]{1,2}:)?[a-z0-9._+~]{1,8}-[0-9]{1,2}(\.[0-9])?$/)
  .map((text) => parsePackageVersion(text))

const architectures: fc.Arbitrary<ArchitectureName> = fc
  .constantFrom('any', 'x86_64', 'aarch64', 'x86_64_v3')
  .map((text) => parseArchitectureName(text))

/** One line of text of any script, blanks made single. */
const lines: fc.Arbitrary<string> = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .map((text) => text.replace(/\s+/g, ' ').trim())
  .filter((text) => !/[\p{Cc}\u2028\u2029]|^%[A-Z0-9]+%$/u.test(text))

const lists = fc.array(
  lines.filter((text) => text !== ''),
  { maxLength: 4 },
)

const counts = fc.maxSafeNat()

export const pkginfos: fc.Arbitrary<Pkginfo> = fc.record({
  name: packageNames,
  base: packageNames,
  version: packageVersions,
  description: lines,
  url: lines,
  buildDate: counts,
  packager: lines,
  installedSize: counts,
  arch: architectures,
  licenses: lists,
  groups: lists,
  replaces: lists,
  conflicts: lists,
  provides: lists,
  backup: lists,
  depends: lists,
  optdepends: lists,
  makedepends: lists,
  checkdepends: lists,
  xdata: lists,
  unknown: fc.array(fc.record({ key: fc.stringMatching(/^[a-z]{1,10}opt$/), value: lines }), {
    maxLength: 3,
  }),
})
