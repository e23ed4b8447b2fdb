import { runChecked } from './processes.ts'

/** An entry of a database as a client reads it. */
export interface DatabaseEntry {
  readonly name: string
  readonly version: string
  readonly filename: string
  readonly sha256: string
  /** Paths; undefined in a database without file lists. */
  readonly files: readonly string[] | undefined
}

/** Reads a database with bsdtar, as pacman does by the same library. Throws for one that is torn. */
export async function readDatabaseFile(path: string): Promise<DatabaseEntry[]> {
  const { stdout } = await runChecked('bsdtar', ['-xOf', path])
  return parseEntries(stdout)
}

/** Reads all members as one text: %FILENAME% comes first in each desc, the files of a package follow its desc. */
function parseEntries(text: string): DatabaseEntry[] {
  const entries: Map<string, string[]>[] = []
  let values: string[] = []
  for (const line of text.split('\n')) {
    if (line === '%FILENAME%') entries.push(new Map())
    if (/^%[A-Z0-9]+%$/.test(line)) {
      values = []
      entries.at(-1)?.set(line, values)
    } else if (line !== '') values.push(line)
  }
  return entries.map((entry) => {
    const only = (label: string) => entry.get(label)?.[0] ?? ''
    return {
      name: only('%NAME%'),
      version: only('%VERSION%'),
      filename: only('%FILENAME%'),
      sha256: only('%SHA256SUM%'),
      files: entry.get('%FILES%'),
    }
  })
}
