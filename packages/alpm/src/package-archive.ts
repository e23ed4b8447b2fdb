import { type Buildinfo, parseBuildinfo } from './buildinfo.ts'
import { sortUniqueBytes } from './byte-order.ts'
import { FormatError, quote } from './format-error.ts'
import { metadataSizes } from './package-head.ts'
import { type Pkginfo, parsePkginfo } from './pkginfo.ts'
import { isSafePath } from './safe-path.ts'
import { readTar, readTarBody, type TarEntry } from './tar-reader.ts'

export interface PackageContents {
  readonly pkginfo: Pkginfo
  /** Absent from packages made before 2016 and by other tools than makepkg. */
  readonly buildinfo?: Buildinfo
  /**
   * The lines of %FILES%: sorted bytewise, directories with a trailing slash, top-level dot-files left out.
   */
  readonly files: readonly string[]
  /** How many entries pacman would install: files, links and directories. */
  readonly installedFiles: number
}

export interface PackageLimits {
  /** Entries of the archive; 2,000,000 unless told. */
  readonly maxEntries?: number
  /** Bytes of one file; no limit unless told. */
  readonly maxFileSize?: number
  /** All listed paths together, in characters; 64 MiB unless told. */
  readonly maxFileListLength?: number
}

/**
 * Reads the decompressed tar of a package to its last byte. Throws FormatError where it is damaged or truncated; has
 * no .PKGINFO or a malformed one, or a .BUILDINFO that speaks of another package; has one of these or .MTREE, .INSTALL
 * or .CHANGELOG twice, as anything but a file, too large, or behind other files, where pacman does not look; or a path
 * that is absolute, climbs, is not UTF-8, or would forge a line of a list; also on what pacman itself can't install:
 * with paths that begin with `./` it finds no metadata (seen with pacman 6.0.2).
 */
export async function readPackage(
  tar: AsyncIterable<Uint8Array>,
  limits: PackageLimits = {},
): Promise<PackageContents> {
  const {
    maxEntries = 2_000_000,
    maxFileListLength = 64 << 20,
    maxFileSize = Number.MAX_SAFE_INTEGER,
  } = limits
  const metadata = new Map<string, string>()
  const paths: string[] = []
  let length = 0
  for await (const entry of readTar(tar, { maxEntries, maxFileSize })) {
    if (isRoot(entry)) continue
    const path = checkPath(entry)
    if (path.startsWith('.')) {
      if (paths.length > 0 && metadataSizes.has(path) && !metadata.has(path)) throw behindFiles(path)
      await collectMetadata(entry, metadata)
      continue
    }
    length += path.length + 1
    if (length > maxFileListLength) {
      throw new FormatError(
        'too-large',
        `The paths of the package are longer than ${maxFileListLength} together.`,
      )
    }
    paths.push(path)
  }
  return { ...parseMetadata(metadata), files: sortUniqueBytes(paths), installedFiles: paths.length }
}

function behindFiles(name: string): FormatError {
  return new FormatError(
    'invalid',
    `${name} stands behind other files of the package, where pacman does not look for it.`,
    name,
  )
}

function parseMetadata(
  metadata: ReadonlyMap<string, string>,
): Pick<PackageContents, 'pkginfo' | 'buildinfo'> {
  const pkginfo = parsePkginfo(metadata.get('.PKGINFO') ?? noPkginfo())
  const text = metadata.get('.BUILDINFO')
  if (text === undefined) return { pkginfo }
  const buildinfo = parseBuildinfo(text)
  for (const key of ['name', 'version', 'arch'] as const) {
    const said = buildinfo[key]
    if (said === undefined || said === pkginfo[key]) continue
    throw new FormatError(
      'invalid',
      `The ${key} ${quote(said)} of .BUILDINFO is not the ${quote(pkginfo[key])} of .PKGINFO.`,
      '.BUILDINFO',
    )
  }
  return { pkginfo, buildinfo }
}

function noPkginfo(): never {
  throw new FormatError('missing', 'The archive is not a package: it has no .PKGINFO.', '.PKGINFO')
}

/** `./`, which tar adds for the folder it was pointed at. */
function isRoot(entry: TarEntry): boolean {
  return entry.type === 'directory' && /^\.\/*$/.test(entry.name)
}

/** A safe path, with a slash at the end for a directory. */
function checkPath({ name, type, linkname }: TarEntry): string {
  const path = type === 'directory' ? name.replace(/\/+$/, '') : name
  if (name.startsWith('./')) {
    throw new FormatError(
      'unsafe',
      `The path ${quote(name)} begins with "./", and pacman does not install such a package: ` +
        'make the archive from the names of the files (makepkg does), not from the folder ".".',
      'path',
    )
  }
  if (name.includes('\ufffd') || linkname.includes('\ufffd')) {
    throw new FormatError('invalid', `The path ${quote(name)}, or what it links to, is not UTF-8.`, 'path')
  }
  // Other controls would reach the terminals of those who list files, and some tools end lines at U+2028.
  if (!isSafePath(path) || /[\p{Cc}\u2028\u2029]/u.test(path))
    throw new FormatError('unsafe', `The package holds the unsafe path ${quote(name)}.`, 'path')
  if (type === 'hardlink' && !isSafePath(linkname)) {
    throw new FormatError(
      'unsafe',
      `${quote(name)} is a hard link to the unsafe path ${quote(linkname)}.`,
      'path',
    )
  }
  return type === 'directory' ? `${path}/` : path
}

/** Keeps the texts of those that are read here, and checks that the others can be read. */
async function collectMetadata(entry: TarEntry, metadata: Map<string, string>): Promise<void> {
  const { name } = entry
  const maxSize = metadataSizes.get(name)
  if (maxSize === undefined) return
  if (metadata.has(name)) {
    throw new FormatError('duplicate', `The package has two ${name} files.`, name)
  }
  if (entry.type !== 'file' || entry.sparse) {
    throw new FormatError('invalid', `${name} of the package is not a regular file.`, name)
  }
  if (entry.size > maxSize) {
    throw new FormatError('too-large', `${name} is larger than ${maxSize} bytes.`, name)
  }
  const isRead = name === '.PKGINFO' || name === '.BUILDINFO'
  metadata.set(name, isRead ? decodeUtf8(await readTarBody(entry, maxSize), name) : '')
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })

function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw new FormatError('invalid', `${name} of the package is not UTF-8.`, name)
  }
}
