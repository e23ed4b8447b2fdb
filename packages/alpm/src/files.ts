import { sortUniqueBytes } from './byte-order.ts'
import { FormatError, quote } from './format-error.ts'

/**
 * The `files` file of an entry, as repo-add writes it: sorted bytewise, each path once, top-level dot-files
 * left out, one newline at the end. Unlike repo-add, which takes the list from bsdtar's listing, a backslash
 * or a character that can't be printed is written as it is, not as an escape: `pacman -F` compares with the
 * real path. Throws FormatError `unsafe` on a path that would forge a line.
 */
export function formatFiles(paths: readonly string[]): string {
  const listed = sortUniqueBytes(paths.filter((path) => !path.startsWith('.')))
  for (const path of listed) checkListedPath(path)
  return ['%FILES%', ...listed].join('\n') + '\n'
}

function checkListedPath(path: string): void {
  if (path !== '' && !/[\p{Cc}\u2028\u2029]/u.test(path)) return
  throw new FormatError('unsafe', `The path ${quote(path)} cannot stand in a list of files.`, 'FILES')
}

/**
 * Text of a `files` file → its paths, up to the first blank line. FormatError `invalid` without its %FILES%.
 */
export function parseFiles(text: string): string[] {
  const lines = text.split('\n')
  if (lines[0] !== '%FILES%') {
    throw new FormatError('invalid', `files: ${quote(lines[0] ?? '')} stands where %FILES% should.`, 'FILES')
  }
  const end = lines.indexOf('')
  return lines.slice(1, end < 0 ? lines.length : end)
}
