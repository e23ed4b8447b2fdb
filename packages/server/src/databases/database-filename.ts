import type { DatabaseKind } from './manifest.ts'

/** Which database of a repository a file name asks for; undefined: none. */
export function databaseKindOf(repository: string, filename: string): DatabaseKind | undefined {
  if (filename === `${repository}.db` || filename === `${repository}.db.tar.gz`) return 'db'
  if (filename === `${repository}.files` || filename === `${repository}.files.tar.gz`) return 'files'
  return undefined
}
