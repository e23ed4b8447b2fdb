/**
 * What kind of thing is wrong with an input; stable, so that a caller can decide by it.
 * - `invalid`: a value breaks the rules of its format
 * - `missing`: a field or a member that must be there is not
 * - `duplicate`: something that may stand once stands twice
 * - `reserved`: a name that is well formed but taken
 * - `truncated`: the input ends too early
 * - `trailing-garbage`: bytes follow where the input should have ended
 * - `too-large`: a limit is passed
 * - `window-too-large`: a zstd frame needs more memory than pacman grants
 * - `unsafe`: a path or value that whoever uses it could misread
 */
export type FormatErrorReason =
  | 'invalid'
  | 'missing'
  | 'duplicate'
  | 'reserved'
  | 'truncated'
  | 'trailing-garbage'
  | 'too-large'
  | 'window-too-large'
  | 'unsafe'

/**
 * Malformed input. `message` is a full sentence for a person; `field` names the wrong part, where it has a
 * name.
 */
export class FormatError extends Error {
  override readonly name = 'FormatError'
  readonly reason: FormatErrorReason
  readonly field?: string

  constructor(reason: FormatErrorReason, message: string, field?: string) {
    super(message)
    this.reason = reason
    if (field !== undefined) this.field = field
  }
}

const maxQuoted = 100

/**
 * A hostile value made fit for a message: quoted as JSON without control or direction characters, cut at 100.
 */
export function quote(value: string): string {
  const cut = value.length > maxQuoted
  const text = JSON.stringify(cut ? value.slice(0, maxQuoted) : value).replace(
    /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return cut ? `${text}… (${value.length} characters)` : text
}
