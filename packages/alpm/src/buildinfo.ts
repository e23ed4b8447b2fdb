import type { PackageName, PackageVersion } from './brand.ts'
import { FormatError, quote } from './format-error.ts'
import { groupFields, parseKeyValues } from './key-values.ts'
import { parsePackageName, parsePackageVersion } from './names.ts'

/** How a package was built, from its .BUILDINFO (BUILDINFO(5)). Texts that are absent are ''. */
export interface Buildinfo {
  /** 1 or 2; 0 for files of before 2018, which don't say, and lack the names and the version as well. */
  readonly format: number
  readonly name?: PackageName
  readonly base?: PackageName
  readonly version?: PackageVersion
  /** Lower-case hex. */
  readonly pkgbuildSha256?: string
  readonly packager: string
  /** UTC epoch seconds; 0 if absent. */
  readonly buildDate: number
  readonly buildDir: string
  readonly buildenv: readonly string[]
  readonly options: readonly string[]
  /** `NAME-VERSION-ARCH` of each package that was installed when this one was built. */
  readonly installed: readonly string[]
}

/**
 * Text of a .BUILDINFO → value. No field must be there, unknown keys are ignored. FormatError on a malformed
 * one.
 */
export function parseBuildinfo(text: string): Buildinfo {
  const fields = groupFields(parseKeyValues(text, '.BUILDINFO'), '.BUILDINFO')
  const name = fields.find('pkgname')
  const base = fields.find('pkgbase')
  const version = fields.find('pkgver')
  const sha256 = fields.find('pkgbuild_sha256sum')
  return {
    format: fields.integer('format', 0),
    ...(name ? { name: parsePackageName(name) } : {}),
    ...(base ? { base: parsePackageName(base, 'pkgbase') } : {}),
    ...(version ? { version: parsePackageVersion(version) } : {}),
    ...(sha256 ? { pkgbuildSha256: parseSha256(sha256) } : {}),
    packager: fields.find('packager') ?? '',
    buildDate: fields.integer('builddate', 0),
    buildDir: fields.find('builddir') ?? '',
    buildenv: fields.list('buildenv'),
    options: fields.list('options'),
    installed: fields.list('installed'),
  }
}

function parseSha256(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  throw new FormatError(
    'invalid',
    `.BUILDINFO: the value of pkgbuild_sha256sum, ${quote(text)}, is not a SHA-256 sum.`,
    'pkgbuild_sha256sum',
  )
}
