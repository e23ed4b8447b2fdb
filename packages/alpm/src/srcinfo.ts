import type { ArchitectureName, PackageName, PackageVersion } from './brand.ts'
import { FormatError, quote } from './format-error.ts'
import { type Fields, groupFields, type KeyValue, parseKeyValues } from './key-values.ts'
import {
  isPackageName,
  type PackageIdentity,
  parseArchitectureName,
  parsePackageName,
  parsePackageVersion,
} from './names.ts'

/** Lists by architecture; what holds for all of them stands under ''. */
export type ArchLists = ReadonlyMap<string, readonly string[]>

/** One package of a source. Where its section says nothing, it has what the pkgbase says. */
export interface SrcinfoPackage {
  readonly name: PackageName
  readonly arch: readonly ArchitectureName[]
  readonly depends: ArchLists
  readonly provides: ArchLists
}

/** What a PKGBUILD declares, as `makepkg --printsrcinfo` prints it (SRCINFO(5)). */
export interface Srcinfo {
  readonly base: PackageName
  /** `[epoch:]pkgver-pkgrel` */
  readonly version: PackageVersion
  readonly pkgver: string
  readonly pkgrel: string
  readonly epoch?: string
  readonly arch: readonly ArchitectureName[]
  readonly depends: ArchLists
  readonly makedepends: ArchLists
  readonly checkdepends: ArchLists
  readonly packages: readonly SrcinfoPackage[]
}

const source = '.SRCINFO'
const maxPackages = 1_000
const maxArchitectures = 100

/**
 * Text of a .SRCINFO → value. The text comes from a stranger's PKGBUILD: names, versions and dependencies are
 * checked, so that none can be an option or a path. Throws FormatError naming what is wrong.
 */
export function parseSrcinfo(text: string): Srcinfo {
  const [global, ...sections] = splitSections(parseKeyValues(text, source))
  if (global === undefined)
    throw new FormatError('missing', `${source}: the field pkgbase is missing.`, 'pkgbase')
  if (sections.length === 0) throw new FormatError('missing', `${source}: there is no pkgname.`, 'pkgname')
  if (sections.length > maxPackages) {
    throw new FormatError('too-large', `${source} lists more than ${maxPackages} packages.`, 'pkgname')
  }
  const fields = groupFields(global.pairs, source)
  const pkgver = fields.get('pkgver')
  const pkgrel = fields.get('pkgrel')
  const epoch = fields.find('epoch') || undefined
  const arch = parseArchitectures(fields)
  const depends = parseArchLists(global.pairs, 'depends', arch)
  const provides = parseArchLists(global.pairs, 'provides', arch)
  return {
    base: parsePackageName(global.name, 'pkgbase'),
    version: parsePackageVersion(
      epoch === undefined ? `${pkgver}-${pkgrel}` : `${epoch}:${pkgver}-${pkgrel}`,
    ),
    pkgver,
    pkgrel,
    ...(epoch === undefined ? {} : { epoch }),
    arch,
    depends,
    makedepends: parseArchLists(global.pairs, 'makedepends', arch),
    checkdepends: parseArchLists(global.pairs, 'checkdepends', arch),
    packages: uniquePackages(sections.map((section) => parsePackage(section, { arch, depends, provides }))),
  }
}

interface Section {
  readonly name: string
  readonly pairs: KeyValue[]
}

/** One section for the pkgbase, then one for each pkgname; a field before the first is an error. */
function splitSections(pairs: readonly KeyValue[]): Section[] {
  const sections: Section[] = []
  for (const pair of pairs) {
    const opener = sections.length === 0 ? 'pkgbase' : 'pkgname'
    if (pair.key === opener) sections.push({ name: pair.value, pairs: [] })
    else if (sections.length === 0)
      throw new FormatError('missing', `${source} must begin with pkgbase.`, 'pkgbase')
    else if (pair.key === 'pkgbase')
      throw new FormatError('duplicate', `${source} has two pkgbase.`, 'pkgbase')
    else sections.at(-1)?.pairs.push(pair)
  }
  return sections
}

function parsePackage(
  section: Section,
  inherited: Pick<SrcinfoPackage, 'arch' | 'depends' | 'provides'>,
): SrcinfoPackage {
  const fields = groupFields(section.pairs, source)
  const arch = fields.list('arch').length === 0 ? inherited.arch : parseArchitectures(fields)
  return {
    name: parsePackageName(section.name),
    arch,
    depends: new Map([...inherited.depends, ...parseArchLists(section.pairs, 'depends', arch)]),
    provides: new Map([...inherited.provides, ...parseArchLists(section.pairs, 'provides', arch)]),
  }
}

function uniquePackages(packages: readonly SrcinfoPackage[]): readonly SrcinfoPackage[] {
  const names = new Set(packages.map(({ name }) => name))
  if (names.size === packages.length) return packages
  throw new FormatError('duplicate', `${source} has two packages of one name.`, 'pkgname')
}

function parseArchitectures(fields: Fields): ArchitectureName[] {
  const names = fields.list('arch').map((name) => parseArchitectureName(name))
  if (names.length === 0) throw new FormatError('missing', `${source}: the field arch is missing.`, 'arch')
  if (names.length > maxArchitectures) {
    throw new FormatError('too-large', `${source} lists more than ${maxArchitectures} architectures.`, 'arch')
  }
  return names
}

/**
 * `key` and `key_ARCH` → lists. An empty value stands for an empty list: that is how a package clears one.
 */
function parseArchLists(
  pairs: readonly KeyValue[],
  key: string,
  arch: readonly ArchitectureName[],
): ArchLists {
  const keys = new Map([[key, ''], ...arch.map((name) => [`${key}_${name}`, name] as const)])
  const lists = new Map<string, string[]>()
  for (const pair of pairs) {
    const name = keys.get(pair.key)
    if (name === undefined) continue
    const list = lists.get(name) ?? []
    lists.set(name, list)
    if (pair.value !== '') list.push(parseDependency(pair.value, pair.key))
  }
  return lists
}

function parseDependency(text: string, field: string): string {
  if (isDependency(text)) return text
  throw new FormatError('invalid', `${source}: ${quote(text)} in ${field} is not a dependency.`, field)
}

const dependencyVersionPattern = /^(?:[0-9]*:)?[A-Za-z0-9._+~^@,!]+(?:-[0-9]+(?:\.[0-9]+)?)?$/

/**
 * Is this `name`, or `name` and one of `< <= = >= >` and a version? Strict, so that the text of a hostile
 * PKGBUILD given to pacman as an argument is a package and nothing else: no option, no path, no target of
 * another repository. An empty version after the operator is taken, as makepkg takes it.
 */
export function isDependency(text: string): boolean {
  const match = /^([^<>=]+)(?:(<=|>=|<|=|>)(.*))?$/.exec(text)
  const [, name, operator, version] = match ?? []
  if (name === undefined || !isPackageName(name)) return false
  return (
    operator === undefined || !version || (version.length <= 255 && dependencyVersionPattern.test(version))
  )
}

/**
 * What makepkg installs before it builds on `arch`: depends, makedepends and checkdepends of the pkgbase, for
 * all architectures and for this one, each once. Dependencies that a package_…() function sets are not among
 * them: makepkg (6.0.2) sees those only when it packages.
 */
export function dependenciesFor(srcinfo: Srcinfo, arch: ArchitectureName): string[] {
  const lists = [srcinfo.depends, srcinfo.makedepends, srcinfo.checkdepends]
  return [...new Set(lists.flatMap((list) => [...(list.get('') ?? []), ...(list.get(arch) ?? [])]))]
}

/** The names of the packages that the source yields on `arch`; those for `any` are among them. */
export function packageNamesFor(srcinfo: Srcinfo, arch: ArchitectureName): PackageName[] {
  return packagesFor(srcinfo, arch).map(({ name }) => name)
}

/**
 * What the package files that the source yields on `arch` are named after; a package for `any` has that as
 * its arch.
 */
export function packagesFor(srcinfo: Srcinfo, arch: ArchitectureName): PackageIdentity[] {
  return srcinfo.packages.flatMap((one) => {
    const match = one.arch.find((name) => name === arch || name === 'any')
    return match === undefined ? [] : [{ name: one.name, version: srcinfo.version, arch: match }]
  })
}
