import { type Buildinfo, parseBuildinfo } from './buildinfo.ts'
import { sortUniqueBytes } from './byte-order.ts'
import { FormatError, quote } from './format-error.ts'
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
  /** All listed paths together, in characters; 64 MiB unless told. */
  readonly maxFileListLength?: number
  /** Bytes of .PKGINFO and of .BUILDINFO, each; 1 MiB unless told. */
  readonly maxMetadataSize?: number
}

const lossyUtf8 = new TextDecoder()

/**
 * Reads the decompressed tar of a package to its last byte. Throws FormatError where it is damaged or
 * truncated, has no or two .PKGINFO, a malformed one, or a path that is absolute, climbs, or would forge a
 * line of a list; also on what pacman itself can't install: with paths that begin with `./` it finds no
 * metadata (seen with pacman 6.0.2).
 */
export async function readPackage(
  tar: AsyncIterable<Uint8Array>,
  limits: PackageLimits = {},
): Promise<PackageContents> {
  const { maxEntries = 2_000_000, maxFileListLength = 64 << 20, maxMetadataSize = 1 << 20 } = limits
  const metadata = new Map<string, string>()
  const paths: string[] = []
  let length = 0
  for await (const entry of readTar(tar, { maxEntries })) {
    if (isRoot(entry)) continue
    const path = checkPath(entry)
    if (path.startsWith('.')) {
      await collectMetadata(entry, metadata, maxMetadataSize)
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
  const buildinfo = metadata.get('.BUILDINFO')
  return {
    pkginfo: parsePkginfo(metadata.get('.PKGINFO') ?? noPkginfo()),
    ...(buildinfo === undefined ? {} : { buildinfo: parseBuildinfo(buildinfo) }),
    files: sortUniqueBytes(paths),
    installedFiles: paths.length,
  }
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
  if (!isSafePath(path))
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

async function collectMetadata(
  entry: TarEntry,
  metadata: Map<string, string>,
  maxSize: number,
): Promise<void> {
  if (entry.name !== '.PKGINFO' && entry.name !== '.BUILDINFO') return
  if (metadata.has(entry.name)) {
    throw new FormatError('duplicate', `The package has two ${entry.name} files.`, entry.name)
  }
  if (entry.type !== 'file') {
    throw new FormatError('invalid', `${entry.name} of the package is not a regular file.`, entry.name)
  }
  metadata.set(entry.name, lossyUtf8.decode(await readTarBody(entry, maxSize)))
}
