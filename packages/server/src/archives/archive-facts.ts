import type { Compression, Pkginfo } from '@vieter/alpm'

/** What is known of a package archive that was read to its last byte and found good. */
export interface ArchiveFacts {
  compression: Compression
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

/** An archive that passes one of them is refused. */
export interface ArchiveLimits {
  /** Bytes of the tar. */
  maxUnpackedSize: number
  /** How many times as large as the archive the tar may be, when it is large at all. */
  maxRatio: number
  /** Files, folders and links. */
  maxFiles: number
  /** Bytes of the past that a decoder keeps. */
  maxWindowSize: number
}

export interface ReadOptions extends ArchiveLimits {
  /** Also find the MD5 of the archive. */
  md5?: boolean
}
