/** Which paths of a package are wanted: a page of its list, or those of files that somebody looks for. */
export type PathPick =
  | { kind: 'page'; offset: number; limit: number }
  | { kind: 'wanted'; file: WantedFile; limit: number }

/** A file as people name it. */
export interface WantedFile {
  /** Without a slash at either end. */
  text: string
  /** The text is the whole path; else it is a name, in whatever folder. */
  isPath: boolean
  /** Only folders are wanted. */
  isFolder: boolean
}

/** `/usr/bin/vi` and `usr/bin/vi` are paths, `vi` is a name; a slash at the end asks for a folder. Undefined: it names nothing. */
export function parseWantedFile(text: string): WantedFile | undefined {
  const isFolder = text.endsWith('/')
  const inner = text.replace(/^\/+|\/+$/g, '')
  if (inner === '' || inner.includes('\n')) return undefined
  return { text: inner, isPath: text.startsWith('/') || inner.includes('/'), isFolder }
}

/** Picks paths from the text of an entry's `files`, in its order. */
export function pickPaths(files: string, pick: PathPick): string[] {
  const paths = pick.kind === 'page' ? linesFrom(files, pick.offset) : wantedPaths(files, pick.file)
  return paths.take(pick.limit).toArray()
}

/** The lines behind the header, the first ones left out. */
function* linesFrom(files: string, offset: number): Generator<string> {
  let start = files.indexOf('\n') + 1
  for (let left = offset; start > 0 && start < files.length; left -= 1) {
    const end = files.indexOf('\n', start)
    if (left <= 0) yield files.slice(start, end < 0 ? files.length : end)
    if (end < 0) return
    start = end + 1
  }
}

/** Looks for the text itself before it looks at lines: of all lines of a repository hardly any holds it. */
function* wantedPaths(files: string, { text, isPath, isFolder }: WantedFile): Generator<string> {
  for (let at = files.indexOf(text); at >= 0; at = files.indexOf(text, at + 1)) {
    const before = files[at - 1]
    if (before !== '\n' && (isPath || before !== '/')) continue
    const behind = at + text.length
    const end = files[behind] === '/' ? behind + 1 : behind
    if (files[end] !== '\n' || (isFolder && end === behind)) continue
    yield files.slice(files.lastIndexOf('\n', at - 1) + 1, end)
  }
}
