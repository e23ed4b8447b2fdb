import type { Pkginfo } from '@vieter/alpm'
import type { PackageCompression } from './decompress.ts'

/** What is known of a package archive that was read to its last byte and found good. */
export interface ArchiveFacts {
  compression: PackageCompression
  pkginfo: Pkginfo
  /** The text of the entry's `files`. */
  files: string
  /** Bytes of the archive. */
  size: number
  /** Lower-case hex, of the archive. */
  sha256: string
  /** As sha256; there when it was asked for. */
  md5?: string
}

/** The files in which a package speaks of itself, by their names: .PKGINFO, .BUILDINFO, .MTREE, .INSTALL, .CHANGELOG. */
export type PackageHead = ReadonlyMap<string, Uint8Array>

export interface ReadOptions {
  /** Bytes of the tar; an archive that unpacks to more is refused. */
  maxUnpackedSize: number
  /** Also find the MD5 of the archive. */
  md5?: boolean
}
