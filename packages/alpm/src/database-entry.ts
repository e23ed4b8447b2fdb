import type { PackageName, PackageVersion } from './brand.ts'
import { tarHeader, tarPadding } from './tar-writer.ts'

/** A package's record in a database. */
export interface DatabaseEntry {
  readonly name: PackageName
  readonly version: PackageVersion
  /** Text of the desc file. */
  readonly desc: string
  /** Text of the files file; only a `.files` database has it. */
  readonly files?: string
}

const encoder = new TextEncoder()

/** The part of a database's tar that holds one entry, in pieces: whoever joins those of many copies them once. */
export function databaseEntryTar({ name, version, desc, files }: DatabaseEntry, mtime = 0): Uint8Array[] {
  const directory = `${name}-${version}`
  return [
    tarHeader({ name: `${directory}/`, type: 'directory', mtime }),
    ...textFile(`${directory}/desc`, desc, mtime),
    ...(files === undefined ? [] : textFile(`${directory}/files`, files, mtime)),
  ]
}

function textFile(name: string, text: string, mtime: number): Uint8Array[] {
  const body = encoder.encode(text)
  return [tarHeader({ name, size: body.length, mtime }), body, tarPadding(body.length)]
}
