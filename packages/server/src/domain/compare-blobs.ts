/** A blob as a row speaks of it. */
export interface StoredBlob {
  /** The number of the row: of a package, or of one that nobody sees yet. */
  id: number
  state: 'published' | 'staged'
  key: string
  /** The name of its repository, or the build or publication that it waits for. */
  repository: string
  filename: string
  /** Bytes. */
  size: number
  /** Lower-case hex. */
  sha256: string
}

/** A blob as it lies there. */
export interface BlobFile {
  key: string
  /** Bytes. */
  size: number
  /** When its last byte was written, in UTC epoch seconds. */
  writtenAt: number
}

interface BlobDifferences {
  /** Rows without a blob. */
  missing: StoredBlob[]
  /** Rows whose blob has another size. */
  resized: StoredBlob[]
  /** Blobs that no row speaks of. */
  unknown: BlobFile[]
}

/** Compares what rows say with the blobs that there are. */
export function compareBlobs(rows: readonly StoredBlob[], files: readonly BlobFile[]): BlobDifferences {
  const fileOf = new Map(files.map((file) => [file.key, file]))
  const known = new Set(rows.map(({ key }) => key))
  return {
    missing: rows.filter(({ key }) => !fileOf.has(key)),
    resized: rows.filter(({ key, size }) => fileOf.has(key) && fileOf.get(key)?.size !== size),
    unknown: files.filter(({ key }) => !known.has(key)),
  }
}
