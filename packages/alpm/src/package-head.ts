import { readTar, readTarBody } from './tar-reader.ts'

const mebibyte = 1 << 20

/** The files in which a package speaks of itself, and how many bytes each may have, as it lies in the archive. */
export const metadataSizes: ReadonlyMap<string, number> = new Map([
  ['.PKGINFO', mebibyte],
  ['.BUILDINFO', mebibyte],
  ['.MTREE', 32 * mebibyte],
  ['.INSTALL', mebibyte],
  ['.CHANGELOG', 16 * mebibyte],
])

/**
 * Reads the files in which a package speaks of itself, and no further: they stand before all others. Name → bytes, as
 * they lie in the archive (.MTREE is compressed). What is no regular file or larger than it may be is left out, and of
 * two with one name the first counts. Throws FormatError where the archive is damaged before the first other file.
 */
export async function readPackageHead(tar: AsyncIterable<Uint8Array>): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  for await (const entry of readTar(tar)) {
    if (!entry.name.startsWith('.')) break
    const maxSize = metadataSizes.get(entry.name)
    if (maxSize === undefined || found.has(entry.name)) continue
    if (entry.type !== 'file' || entry.sparse || entry.size > maxSize) continue
    found.set(entry.name, await readTarBody(entry, maxSize))
  }
  return found
}
