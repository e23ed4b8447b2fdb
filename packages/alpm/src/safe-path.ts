/**
 * Whether a path stays below the folder that it is taken in, and is one line: relative, without empty, `.` and `..`
 * parts, a slash at its end, NUL and newline.
 */
export function isSafePath(path: string): boolean {
  return !/[\0\n]|^\/|\/\/|\/$|(?:^|\/)\.\.?(?:\/|$)/.test(path) && path !== ''
}
