import type { PackageFilename } from './brand.ts'
import { FormatError, quote } from './format-error.ts'
import { checkValue, type Fields, groupFields, type KeyValue } from './key-values.ts'
import {
  parseArchitectureName,
  parsePackageFilename,
  parsePackageName,
  parsePackageVersion,
} from './names.ts'
import type { Pkginfo } from './pkginfo.ts'

/** The file that an entry stands for. */
export interface DescFile {
  readonly filename: PackageFilename
  /** Bytes of the archive; 0 where a database that was read does not say. */
  readonly compressedSize: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Lower-case hex. */
  readonly md5?: string
  /** The detached signature, in base64. */
  readonly pgpsig?: string
}

/** The part of a .PKGINFO that a database keeps. */
export type DescPkginfo = Omit<Pkginfo, 'backup' | 'xdata' | 'unknown'>

export interface Desc {
  readonly pkginfo: DescPkginfo
  readonly file: DescFile
}

/**
 * The `desc` file of an entry, fields and order as repo-add of pacman 6.0.2 writes them; empty fields and
 * those not given (md5, pgpsig) are left out.
 */
export function formatDesc(pkginfo: DescPkginfo, file: DescFile): string {
  return [
    block('FILENAME', [file.filename]),
    block('NAME', [pkginfo.name]),
    block('BASE', [pkginfo.base]),
    block('VERSION', [pkginfo.version]),
    block('DESC', [pkginfo.description]),
    block('GROUPS', pkginfo.groups),
    block('CSIZE', [String(file.compressedSize)]),
    block('ISIZE', [String(pkginfo.installedSize)]),
    block('MD5SUM', [file.md5 ?? '']),
    block('SHA256SUM', [file.sha256]),
    block('PGPSIG', [file.pgpsig ?? '']),
    block('URL', [pkginfo.url]),
    block('LICENSE', pkginfo.licenses),
    block('ARCH', [pkginfo.arch]),
    block('BUILDDATE', [String(pkginfo.buildDate)]),
    block('PACKAGER', [pkginfo.packager]),
    block('REPLACES', pkginfo.replaces),
    block('CONFLICTS', pkginfo.conflicts),
    block('PROVIDES', pkginfo.provides),
    block('DEPENDS', pkginfo.depends),
    block('OPTDEPENDS', pkginfo.optdepends),
    block('MAKEDEPENDS', pkginfo.makedepends),
    block('CHECKDEPENDS', pkginfo.checkdepends),
  ].join('')
}

function block(header: string, values: readonly string[]): string {
  const written = values.filter((value) => value !== '')
  return written.length === 0 ? '' : `%${header}%\n${written.join('\n')}\n\n`
}

/**
 * Text of a `desc` file → value; the inverse of formatDesc. FILENAME, NAME, VERSION and SHA256SUM must be
 * there; an entry without ARCH has that of its file name. Throws FormatError naming the field.
 */
export function parseDesc(text: string): Desc {
  const fields = groupFields(readBlocks(text), 'desc')
  const file = parsePackageFilename(fields.get('FILENAME'))
  const name = parsePackageName(fields.get('NAME'), 'NAME')
  const arch = fields.find('ARCH')
  const pkginfo = {
    name,
    base: parsePackageName(fields.find('BASE') || name, 'BASE'),
    version: parsePackageVersion(fields.get('VERSION'), 'VERSION'),
    description: fields.find('DESC') ?? '',
    url: fields.find('URL') ?? '',
    buildDate: fields.integer('BUILDDATE', 0),
    packager: fields.find('PACKAGER') ?? '',
    installedSize: fields.integer('ISIZE', 0),
    arch: arch ? parseArchitectureName(arch, 'ARCH') : file.arch,
    licenses: fields.list('LICENSE'),
    groups: fields.list('GROUPS'),
    replaces: fields.list('REPLACES'),
    conflicts: fields.list('CONFLICTS'),
    provides: fields.list('PROVIDES'),
    depends: fields.list('DEPENDS'),
    optdepends: fields.list('OPTDEPENDS'),
    makedepends: fields.list('MAKEDEPENDS'),
    checkdepends: fields.list('CHECKDEPENDS'),
  }
  return { pkginfo, file: parseFile(fields, file.filename) }
}

function parseFile(fields: Fields, filename: PackageFilename): DescFile {
  const md5 = fields.find('MD5SUM')
  const pgpsig = fields.find('PGPSIG')
  return {
    filename,
    compressedSize: fields.integer('CSIZE', 0),
    sha256: parseHex(fields.get('SHA256SUM'), 'SHA256SUM', 64),
    ...(md5 ? { md5: parseHex(md5, 'MD5SUM', 32) } : {}),
    ...(pgpsig ? { pgpsig: parseSignature(pgpsig) } : {}),
  }
}

function parseHex(text: string, field: string, length: number): string {
  if (text.length === length && /^[0-9a-f]+$/.test(text)) return text
  throw new FormatError('invalid', `desc: the value of ${field}, ${quote(text)}, is not a checksum.`, field)
}

function parseSignature(text: string): string {
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return text
  throw new FormatError('invalid', `desc: the value of PGPSIG, ${quote(text)}, is not base64.`, 'PGPSIG')
}

/**
 * A header, then values up to a blank line: each value becomes a pair of its own. A header may stand once.
 */
function readBlocks(text: string): KeyValue[] {
  const pairs: KeyValue[] = []
  const seen = new Set<string>()
  let header: string | undefined
  for (const line of text.split('\n')) {
    if (line === '') {
      header = undefined
      continue
    }
    if (header === undefined) {
      header = parseHeader(line)
      if (seen.has(header)) {
        throw new FormatError('duplicate', `desc: the field ${header} stands more than once.`, header)
      }
      seen.add(header)
      continue
    }
    if (header !== 'PGPSIG') checkValue(line, header, 'desc')
    pairs.push({ key: header, value: line })
  }
  return pairs
}

function parseHeader(line: string): string {
  const header = /^%([A-Z0-9]+)%$/.exec(line)?.[1]
  if (header !== undefined) return header
  throw new FormatError('invalid', `desc: ${quote(line)} stands where a field such as %NAME% should.`)
}
