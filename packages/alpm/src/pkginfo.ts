import type { ArchitectureName, PackageName, PackageVersion } from './brand.ts'
import { groupFields, type KeyValue, parseKeyValues } from './key-values.ts'
import { parseArchitectureName, parsePackageName, parsePackageVersion } from './names.ts'

/** What a package says of itself in its .PKGINFO, as makepkg(8) writes it. Texts that are absent are ''. */
export interface Pkginfo {
  readonly name: PackageName
  /** The pkgbase; the name where the file has none. */
  readonly base: PackageName
  readonly version: PackageVersion
  readonly description: string
  readonly url: string
  /** UTC epoch seconds; 0 if absent. */
  readonly buildDate: number
  readonly packager: string
  /** Bytes; 0 if absent. */
  readonly installedSize: number
  readonly arch: ArchitectureName
  readonly licenses: readonly string[]
  readonly groups: readonly string[]
  readonly replaces: readonly string[]
  readonly conflicts: readonly string[]
  readonly provides: readonly string[]
  readonly backup: readonly string[]
  readonly depends: readonly string[]
  readonly optdepends: readonly string[]
  readonly makedepends: readonly string[]
  readonly checkdepends: readonly string[]
  readonly xdata: readonly string[]
  /** What stands in it under keys that pacman does not know (or no longer, such as makepkgopt), in its order. */
  readonly unknown: readonly KeyValue[]
}

/**
 * Text of a .PKGINFO → value. pkgname, pkgver and arch must be there (pacman and repo-add need no more);
 * unknown keys are kept. Throws FormatError naming the field that is missing, doubled or malformed.
 */
export function parsePkginfo(text: string): Pkginfo {
  const pairs = parseKeyValues(text, '.PKGINFO')
  const fields = groupFields(pairs, '.PKGINFO')
  const name = parsePackageName(fields.get('pkgname'))
  return {
    name,
    base: parsePackageName(fields.find('pkgbase') || name, 'pkgbase'),
    version: parsePackageVersion(fields.get('pkgver')),
    description: fields.find('pkgdesc') ?? '',
    url: fields.find('url') ?? '',
    buildDate: fields.integer('builddate', 0),
    packager: fields.find('packager') ?? '',
    installedSize: fields.integer('size', 0),
    arch: parseArchitectureName(fields.get('arch')),
    licenses: fields.list('license'),
    groups: fields.list('group'),
    replaces: fields.list('replaces'),
    conflicts: fields.list('conflict'),
    provides: fields.list('provides'),
    backup: fields.list('backup'),
    depends: fields.list('depend'),
    optdepends: fields.list('optdepend'),
    makedepends: fields.list('makedepend'),
    checkdepends: fields.list('checkdepend'),
    xdata: fields.list('xdata'),
    unknown: pairs.filter(({ key }) => !knownKeys.has(key)),
  }
}

const knownKeys = new Set([
  ...['pkgname', 'pkgbase', 'xdata', 'pkgver', 'pkgdesc', 'url', 'builddate', 'packager', 'size', 'arch'],
  ...['license', 'replaces', 'group', 'conflict', 'provides', 'backup'],
  ...['depend', 'optdepend', 'makedepend', 'checkdepend'],
])

/** Value → text of a .PKGINFO, fields in makepkg's order; the inverse of parsePkginfo. */
export function formatPkginfo(pkginfo: Pkginfo): string {
  const lines: string[] = []
  function write(key: string, ...values: readonly (string | number)[]): void {
    for (const value of values) lines.push(`${key} = ${value}\n`)
  }
  write('pkgname', pkginfo.name)
  write('pkgbase', pkginfo.base)
  write('xdata', ...pkginfo.xdata)
  write('pkgver', pkginfo.version)
  write('pkgdesc', pkginfo.description)
  write('url', pkginfo.url)
  write('builddate', pkginfo.buildDate)
  write('packager', pkginfo.packager)
  write('size', pkginfo.installedSize)
  write('arch', pkginfo.arch)
  write('license', ...pkginfo.licenses)
  write('replaces', ...pkginfo.replaces)
  write('group', ...pkginfo.groups)
  write('conflict', ...pkginfo.conflicts)
  write('provides', ...pkginfo.provides)
  write('backup', ...pkginfo.backup)
  write('depend', ...pkginfo.depends)
  write('optdepend', ...pkginfo.optdepends)
  write('makedepend', ...pkginfo.makedepends)
  write('checkdepend', ...pkginfo.checkdepends)
  for (const { key, value } of pkginfo.unknown) write(key, value)
  return lines.join('')
}
