/** A package whose archive is stored: what its row says. */
export interface PackageFacts {
  name: string
  /** The pkgbase that it was built from: its own name where it is not split. */
  base: string
  version: string
  /** `any` for a package that goes to every arch-repo. */
  arch: string
  filename: string
  /** Bytes. */
  size: number
  /** Lower-case hex. */
  sha256: string
  /** Lower-case hex; empty when it was not wanted. */
  md5: string
  /** The detached signature that came with it, in base64; empty without one. */
  signature: string
  blobKey: string
}

/** The texts of a package's entry in a database: `desc` without its optional fields, and `files`. */
export interface PackageTexts {
  desc: string
  files: string
}

/** All texts that are kept of a package. */
export interface KeptTexts extends PackageTexts {
  /** What its .PKGINFO says beyond `desc`, as JSON; undefined when an older Vieter took it in. */
  extra?: string | undefined
}

/** A package with all that is kept of it. */
export interface StoredPackage extends PackageFacts, KeptTexts {
  /** The packages that it says to take the place of, as .PKGINFO has them. */
  replaces: readonly string[]
  /** It holds the debug symbols of other packages. */
  isDebug: boolean
}
