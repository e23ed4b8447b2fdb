import fc from 'fast-check'
import {
  type ArchitectureName,
  type Buildinfo,
  type MtreeEntry,
  type PackageName,
  type PackageVersion,
  type Pkginfo,
  parseArchitectureName,
  parsePackageName,
  parsePackageVersion,
} from '../src/index.ts'

/** Package names, as PKGBUILD(5) allows them. */
export const packageNames: fc.Arbitrary<PackageName> = fc
  .stringMatching(/^[a-zA-Z0-9@_+][a-zA-Z0-9@._+-]{0,20}$/)
  .map((text) => parsePackageName(text))

export const packageVersions: fc.Arbitrary<PackageVersion> = fc
  .stringMatching(/^([0-9]{1,2}:)?[a-z0-9._+~]{1,8}-[0-9]{1,2}(\.[0-9])?$/)
  .map((text) => parsePackageVersion(text))

export const architectures: fc.Arbitrary<ArchitectureName> = fc
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

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`))

/** Keys that no .BUILDINFO has. */
const unknownFields = fc.array(fc.record({ key: fc.stringMatching(/^x[a-z_]{1,10}$/), value: lines }), {
  maxLength: 3,
})

export const buildinfos: fc.Arbitrary<Buildinfo> = fc.record(
  {
    format: fc.nat(3),
    name: packageNames,
    base: packageNames,
    version: packageVersions,
    arch: architectures,
    pkgbuildSha256: hex(64),
    packager: lines,
    buildDate: counts,
    buildDir: lines,
    startDir: lines,
    buildTool: lines,
    buildToolVersion: lines,
    buildenv: lists,
    options: lists,
    installed: lists,
    unknown: unknownFields,
  },
  {
    requiredKeys: [
      'format',
      'packager',
      'buildDate',
      'buildDir',
      'startDir',
      'buildTool',
      'buildToolVersion',
      'buildenv',
      'options',
      'installed',
      'unknown',
    ],
  },
)

/** Parts of a path: anything that a file system takes. */
const pathParts = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((part) => !/[/\0\n]|^\.\.?$/.test(part))

const paths: fc.Arbitrary<string> = fc
  .array(pathParts, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))

const mtreeEntries: fc.Arbitrary<MtreeEntry> = fc.record(
  {
    path: paths,
    type: fc.constantFrom('file', 'directory', 'symlink', 'character-device', 'block-device', 'fifo'),
    mode: fc.nat(0o7777),
    uid: fc.nat(),
    gid: fc.nat(),
    mtime: fc.maxSafeInteger().map((time) => time + 0),
    nanoseconds: fc.nat(999_999_999),
    size: counts,
    linkname: fc.oneof(
      fc.constant(''),
      paths,
      paths.map((path) => `/../${path}`),
    ),
    md5: hex(32),
    sha256: hex(64),
  },
  { requiredKeys: ['path', 'type', 'mode', 'uid', 'gid', 'mtime', 'nanoseconds', 'size', 'linkname'] },
)

export const mtrees: fc.Arbitrary<MtreeEntry[]> = fc.uniqueArray(mtreeEntries, {
  selector: ({ path }) => path,
  maxLength: 6,
})
