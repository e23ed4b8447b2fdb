/** A package whose archive is stored: what its row holds, and what its entry in a database says. */
export interface StoredPackage {
  name: string
  version: string
  /** `any` for a package that goes to every arch-repo. */
  arch: string
  filename: string
  /** Bytes. */
  size: number
  /** Lower-case hex. */
  sha256: string
  blobKey: string
  /** Texts of the entry's `desc` and `files`. */
  desc: string
  files: string
}
