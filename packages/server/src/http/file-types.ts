const types: readonly (readonly [ending: string, type: string])[] = [
  ['.sig', 'application/pgp-signature'],
  ['.db', 'application/gzip'],
  ['.files', 'application/gzip'],
  ['.gz', 'application/gzip'],
  ['.zst', 'application/zstd'],
  ['.xz', 'application/x-xz'],
  ['.bz2', 'application/x-bzip2'],
  ['.tar', 'application/x-tar'],
]

/** The media type of a file of an arch-repo, by its name. */
export function typeOfFile(filename: string): string {
  return types.find(([ending]) => filename.endsWith(ending))?.[1] ?? 'application/octet-stream'
}
