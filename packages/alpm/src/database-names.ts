import { FormatError, quote } from './format-error.ts'
import { parseEntryName } from './names.ts'
import { readTar } from './tar-reader.ts'

/** More than all of Arch's repositories and the AUR together. */
const maxNames = 500_000

/**
 * The names of the packages in a database (its uncompressed tar), in its order, from the folders `NAME-VERSION` alone.
 * FormatError on anything else than entries, and on more than 500,000 of them.
 */
export async function readDatabaseNames(tar: AsyncIterable<Uint8Array>): Promise<string[]> {
  const names = new Set<string>()
  for await (const { name: path } of readTar(tar)) {
    const [folder = '', , ...deeper] = path.replace(/^\.\//, '').replace(/\/+$/, '').split('/')
    if (deeper.length > 0)
      throw new FormatError('invalid', `The database holds ${quote(path)}, which is no part of an entry.`)
    names.add(parseEntryName(folder).name)
    if (names.size > maxNames)
      throw new FormatError('invalid', `The database has more than ${maxNames} entries.`)
  }
  return [...names]
}
