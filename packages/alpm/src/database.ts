import { type DatabaseEntry, databaseEntryTar } from './database-entry.ts'
import { parseDesc } from './desc.ts'
import { parseFiles } from './files.ts'
import { FormatError, quote } from './format-error.ts'
import { entryName, parseEntryName } from './names.ts'
import { readTar, readTarBody, type TarEntry } from './tar-reader.ts'
import { tarEnd } from './tar-writer.ts'

/**
 * A database as an uncompressed tar, piece by piece, the entries in the order given: for each a directory
 * `NAME-VERSION/`, its desc and, where there is one, its files; then the end-of-archive blocks. `mtime` is in
 * epoch seconds. FormatError `duplicate` on two entries of one name: pacman calls such a database
 * inconsistent.
 */
export function* databaseTar(entries: Iterable<DatabaseEntry>, mtime = 0): Generator<Uint8Array, void, void> {
  const names = new Set<string>()
  for (const entry of entries) {
    addName(names, entry.name)
    yield* databaseEntryTar(entry, mtime)
  }
  yield tarEnd()
}

function addName(names: Set<string>, name: string): void {
  if (names.has(name)) {
    throw new FormatError('duplicate', `The database has two entries of the package ${quote(name)}.`, 'NAME')
  }
  names.add(name)
}

/** Bytes of one desc or files file; the largest real file list seen is 1.2 MB. */
const maxFileSize = 64 << 20

/**
 * Reads a database (its uncompressed tar) and checks what pacman would refuse or misread: a folder that is
 * not named NAME-VERSION of its desc, two entries of a name, a file twice, a missing desc, and whatever
 * parseDesc refuses. Other files are ignored, directory entries may be missing. Entries come in the order of
 * the archive. FormatError.
 */
export async function readDatabase(tar: AsyncIterable<Uint8Array>): Promise<DatabaseEntry[]> {
  const folders = new Map<string, Map<string, string>>()
  for await (const entry of readTar(tar)) {
    const { folder, file } = splitPath(entry)
    const files = folders.get(folder) ?? new Map<string, string>()
    folders.set(folder, files)
    if (file === 'desc' || file === 'files') await collectFile(entry, file, files)
  }
  const names = new Set<string>()
  return Array.from(folders, ([folder, files]) => {
    const entry = makeEntry(folder, files)
    addName(names, entry.name)
    return entry
  })
}

function splitPath({ name, type }: TarEntry): { folder: string; file?: string } {
  const [folder = '', file, ...deeper] = name.replace(/^\.\//, '').replace(/\/+$/, '').split('/')
  const isFolder = type === 'directory' && file === undefined
  const isFile = type === 'file' && file !== undefined && deeper.length === 0
  if (isFolder) return { folder }
  if (isFile) return { folder, file }
  throw new FormatError('invalid', `The database holds ${quote(name)}, which is no part of an entry.`)
}

async function collectFile(entry: TarEntry, file: string, files: Map<string, string>): Promise<void> {
  if (files.has(file)) {
    throw new FormatError('duplicate', `The database holds ${quote(entry.name)} twice.`, file)
  }
  files.set(file, decodeUtf8(await readTarBody(entry, maxFileSize), entry.name))
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    throw new FormatError('invalid', `${quote(name)} in the database is not UTF-8.`)
  }
}

function makeEntry(folder: string, texts: ReadonlyMap<string, string>): DatabaseEntry {
  const { name, version } = parseEntryName(folder)
  const desc = texts.get('desc')
  if (desc === undefined) {
    throw new FormatError('missing', `The entry ${quote(folder)} of the database has no desc.`, 'desc')
  }
  const { pkginfo } = parseDesc(desc)
  if (pkginfo.name !== name || pkginfo.version !== version) {
    throw new FormatError(
      'invalid',
      `The entry ${quote(folder)} of the database describes ${quote(entryName(pkginfo.name, pkginfo.version))}.`,
      'NAME',
    )
  }
  const files = texts.get('files')
  if (files === undefined) return { name, version, desc }
  parseFiles(files)
  return { name, version, desc, files }
}
