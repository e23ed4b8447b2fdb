import type { ArchitectureName, PackageName, PackageVersion } from './brand.ts'
import { FormatError, quote } from './format-error.ts'
import { groupFields, type KeyValue, parseKeyValues } from './key-values.ts'
import { parseArchitectureName, parsePackageName, parsePackageVersion } from './names.ts'

/** How a package was built, from its .BUILDINFO (BUILDINFO(5)). Texts that are absent are ''. */
export interface Buildinfo {
  /** 1 or 2; 0 for those of makepkg 5.0, which don't say, and lack the names and the version as well. */
  readonly format: number
  readonly name?: PackageName
  readonly base?: PackageName
  readonly version?: PackageVersion
  readonly arch?: ArchitectureName
  /** Lower-case hex. */
  readonly pkgbuildSha256?: string
  readonly packager: string
  /** UTC epoch seconds; 0 if absent. */
  readonly buildDate: number
  readonly buildDir: string
  /** The folder of the PKGBUILD; from format 2 on, as are the two below. */
  readonly startDir: string
  readonly buildTool: string
  readonly buildToolVersion: string
  readonly buildenv: readonly string[]
  readonly options: readonly string[]
  /** `NAME-VERSION-ARCH` of each package that was installed when this one was built. */
  readonly installed: readonly string[]
  /** What stands under keys that are not known here, in its order. */
  readonly unknown: readonly KeyValue[]
}

const knownKeys = new Set([
  'format',
  'pkgname',
  'pkgbase',
  'pkgver',
  'pkgarch',
  'pkgbuild_sha256sum',
  'packager',
  'builddate',
  'builddir',
  'startdir',
  'buildtool',
  'buildtoolver',
  'buildenv',
  'options',
  'installed',
])

/** Text of a .BUILDINFO → value. No field must be there. FormatError on a malformed one. */
export function parseBuildinfo(text: string): Buildinfo {
  const pairs = parseKeyValues(text, '.BUILDINFO')
  const fields = groupFields(pairs, '.BUILDINFO')
  const name = fields.find('pkgname')
  const base = fields.find('pkgbase')
  const version = fields.find('pkgver')
  const arch = fields.find('pkgarch')
  const sha256 = fields.find('pkgbuild_sha256sum')
  return {
    format: fields.integer('format', 0),
    ...(name ? { name: parsePackageName(name) } : {}),
    ...(base ? { base: parsePackageName(base, 'pkgbase') } : {}),
    ...(version ? { version: parsePackageVersion(version) } : {}),
    ...(arch ? { arch: parseArchitectureName(arch, 'pkgarch') } : {}),
    ...(sha256 ? { pkgbuildSha256: parseSha256(sha256) } : {}),
    packager: fields.find('packager') ?? '',
    buildDate: fields.integer('builddate', 0),
    buildDir: fields.find('builddir') ?? '',
    startDir: fields.find('startdir') ?? '',
    buildTool: fields.find('buildtool') ?? '',
    buildToolVersion: fields.find('buildtoolver') ?? '',
    buildenv: fields.list('buildenv'),
    options: fields.list('options'),
    installed: fields.list('installed'),
    unknown: pairs.filter(({ key }) => !knownKeys.has(key)),
  }
}

/** Value → text of a .BUILDINFO, fields in makepkg's order, unknown ones behind; the inverse of parseBuildinfo. */
export function formatBuildinfo(buildinfo: Buildinfo): string {
  const pairs: readonly (readonly [string, readonly (string | number | undefined)[]])[] = [
    ['format', [buildinfo.format]],
    ['pkgname', [buildinfo.name]],
    ['pkgbase', [buildinfo.base]],
    ['pkgver', [buildinfo.version]],
    ['pkgarch', [buildinfo.arch]],
    ['pkgbuild_sha256sum', [buildinfo.pkgbuildSha256]],
    ['packager', [buildinfo.packager]],
    ['builddate', [buildinfo.buildDate]],
    ['builddir', [buildinfo.buildDir]],
    ['startdir', [buildinfo.startDir]],
    ['buildtool', [buildinfo.buildTool]],
    ['buildtoolver', [buildinfo.buildToolVersion]],
    ['buildenv', buildinfo.buildenv],
    ['options', buildinfo.options],
    ['installed', buildinfo.installed],
    ...buildinfo.unknown.map(({ key, value }) => [key, [value]] as const),
  ]
  return pairs
    .flatMap(([key, values]) =>
      values.filter((value) => value !== undefined).map((value) => `${key} = ${value}\n`),
    )
    .join('')
}

function parseSha256(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  throw new FormatError(
    'invalid',
    `.BUILDINFO: the value of pkgbuild_sha256sum, ${quote(text)}, is not a SHA-256 sum.`,
    'pkgbuild_sha256sum',
  )
}
