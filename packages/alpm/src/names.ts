import type {
  ArchitectureName,
  PackageFilename,
  PackageName,
  PackageVersion,
  RepositoryName,
} from './brand.ts'
import { FormatError, quote } from './format-error.ts'

const packageNamePattern = /^[A-Za-z0-9@_+][A-Za-z0-9@._+-]*$/
const versionPattern = /^(?:[0-9]+:)?[A-Za-z0-9._+~^@,!]+-[0-9]+(?:\.[0-9]+)?$/
const repositoryPattern = /^[A-Za-z0-9_+][A-Za-z0-9._+-]*$/
const architecturePattern = /^[A-Za-z0-9_]+$/

const maxName = 255
const maxRepositoryName = 64
const maxArchitecture = 32
/** 255 bytes is what file systems take; pacman downloads to the name with these two endings. */
const maxFilename = 255 - '.sig.part'.length

const reservedRepositories = new Set([
  'api',
  'health',
  'local',
  'options',
  'lastupdate',
  'lastsync',
  'favicon.ico',
  'robots.txt',
])

/** Text → name of a package or pkgbase by the rules of PKGBUILD(5). FormatError `invalid`, naming `field`. */
export function parsePackageName(text: string, field = 'pkgname'): PackageName {
  if (isPackageName(text)) return text
  throw new FormatError(
    'invalid',
    `The ${field} ${quote(text)} is not a package name: letters, digits and @ . _ + - are allowed, ` +
      `no hyphen or dot at the start, and at most ${maxName} characters.`,
    field,
  )
}

export function isPackageName(text: string): text is PackageName {
  return text.length <= maxName && packageNamePattern.test(text)
}

/**
 * Text → full version, `[epoch:]pkgver-pkgrel`, pkgrel being `N` or `N.M`. FormatError `invalid`, naming
 * `field`.
 *
 * PKGBUILD(5) forbids hyphens, colons, slashes and whitespace in pkgver. Besides those, characters are
 * refused here that a URL, a shell or a dependency would misread; of 4,047 packages of Arch and MSYS2 none
 * uses any of them.
 */
export function parsePackageVersion(text: string, field = 'pkgver'): PackageVersion {
  if (isPackageVersion(text)) return text
  throw new FormatError(
    'invalid',
    `The ${field} ${quote(text)} is not a version: it must read [epoch:]pkgver-pkgrel, with letters, digits and ` +
      '. _ + ~ ^ @ , ! in pkgver and a pkgrel such as 1 or 1.1.',
    field,
  )
}

export function isPackageVersion(text: string): text is PackageVersion {
  return text.length <= maxName && versionPattern.test(text)
}

/**
 * Text → name of a repository: letters, digits and `. _ + -`, at most 64, no dot or dash at the start.
 * FormatError `invalid`, or `reserved` for a name (in any case) that the server or pacman takes for something
 * else.
 */
export function parseRepositoryName(text: string): RepositoryName {
  if (isRepositoryName(text)) return text
  if (reservedRepositories.has(text.toLowerCase())) {
    throw new FormatError(
      'reserved',
      `'${text}' is a reserved keyword & cannot be used as a repository name.`,
      'repository',
    )
  }
  throw new FormatError(
    'invalid',
    `The repository name ${quote(text)} is not allowed: use letters, digits and . _ + -, ` +
      `no dot or dash at the start, and 1 to ${maxRepositoryName} characters.`,
    'repository',
  )
}

export function isRepositoryName(text: string): text is RepositoryName {
  return (
    text.length <= maxRepositoryName &&
    repositoryPattern.test(text) &&
    !reservedRepositories.has(text.toLowerCase())
  )
}

/**
 * Text → architecture, `any` included: letters, digits and underscores, at most 32. FormatError `invalid`.
 */
export function parseArchitectureName(text: string, field = 'arch'): ArchitectureName {
  if (isArchitectureName(text)) return text
  throw new FormatError(
    'invalid',
    `The ${field} ${quote(text)} is not an architecture: letters, digits and underscores are allowed, ` +
      `at most ${maxArchitecture}.`,
    field,
  )
}

export function isArchitectureName(text: string): text is ArchitectureName {
  return text.length <= maxArchitecture && architecturePattern.test(text)
}

/** Text → architecture of an arch-repo or a machine: as parseArchitectureName, but `any` is refused. */
export function parseConcreteArchitecture(text: string, field = 'arch'): ArchitectureName {
  const arch = parseArchitectureName(text, field)
  if (arch !== 'any') return arch
  throw new FormatError(
    'invalid',
    `The ${field} 'any' is not allowed here: packages can be for any architecture, a machine or a database can't.`,
    field,
  )
}

const packageExtensions = [
  '.pkg.tar',
  '.pkg.tar.zst',
  '.pkg.tar.xz',
  '.pkg.tar.gz',
  '.pkg.tar.bz2',
  '.pkg.tar.lz4',
  '.pkg.tar.lzo',
  '.pkg.tar.lz',
  '.pkg.tar.Z',
] as const

/** The endings of package files that makepkg can write and pacman can read. */
export type PackageExtension = (typeof packageExtensions)[number]

/** What a package file is named after. */
export interface PackageIdentity {
  readonly name: PackageName
  readonly version: PackageVersion
  readonly arch: ArchitectureName
}

/**
 * `NAME-VERSION-ARCH.pkg.tar.zst`. FormatError `too-large` above 246 characters: pacman saves under this name
 * with `.sig.part` behind it, and a file name ends at 255.
 */
export function packageFilename(
  identity: PackageIdentity,
  extension: PackageExtension = '.pkg.tar.zst',
): PackageFilename {
  const filename = `${identity.name}-${identity.version}-${identity.arch}${extension}`
  if (filename.length <= maxFilename) return filename as PackageFilename
  throw new FormatError(
    'too-large',
    `The file name ${quote(filename)} is too long: pacman can handle at most ${maxFilename} characters.`,
    'filename',
  )
}

/** File name → its parts; the inverse of packageFilename. FormatError `invalid` or `too-large`. */
export function parsePackageFilename(
  text: string,
): PackageIdentity & { readonly extension: PackageExtension; readonly filename: PackageFilename } {
  const extension = packageExtensions.find((candidate) => text.endsWith(candidate))
  if (extension === undefined) {
    throw new FormatError('invalid', `${quote(text)} is not the name of a package file.`, 'filename')
  }
  const stem = text.slice(0, -extension.length)
  const dash = stem.lastIndexOf('-')
  if (dash < 0) {
    throw new FormatError(
      'invalid',
      `The file name ${quote(text)} is not of the form NAME-VERSION-ARCH${extension}.`,
      'filename',
    )
  }
  const entry = parseEntryName(stem.slice(0, dash), 'filename')
  const identity = { ...entry, arch: parseArchitectureName(stem.slice(dash + 1)) }
  return { ...identity, extension, filename: packageFilename(identity, extension) }
}

export function isPackageFilename(text: string): text is PackageFilename {
  try {
    parsePackageFilename(text)
    return true
  } catch {
    return false
  }
}

/** `NAME-VERSION`: the folder of an entry in a database. */
export function entryName(name: PackageName, version: PackageVersion): string {
  return `${name}-${version}`
}

/** `NAME-VERSION` → its parts, cut at the second hyphen from the end. FormatError `invalid`. */
export function parseEntryName(
  text: string,
  field = 'entry',
): { readonly name: PackageName; readonly version: PackageVersion } {
  const release = text.lastIndexOf('-')
  const cut = release > 0 ? text.lastIndexOf('-', release - 1) : -1
  if (cut < 0) {
    throw new FormatError('invalid', `The ${field} ${quote(text)} is not of the form NAME-VERSION.`, field)
  }
  return { name: parsePackageName(text.slice(0, cut)), version: parsePackageVersion(text.slice(cut + 1)) }
}
