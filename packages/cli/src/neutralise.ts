/** Controls, line separators, and the marks that turn the direction of what follows: all that changes a terminal. */
const controls = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** One piece of a log that is not plain text: a colour (SGR, ECMA-48 8.3.117), a line end, or a control. */
const logControls =
  // biome-ignore lint/complexity/useRegexLiterals: a literal of this length would not be read
  new RegExp(
    '\\u001b\\[[0-9;:]{0,64}m|\\r\\n?|[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]',
    'g',
  )

/** What may be the beginning of a colour or a line end whose rest has not come yet. */
const unfinished = /(?:\u001b(?:\[[0-9;:]{0,64})?|\r)$/

/**
 * Makes a text from outside harmless on a terminal: a control character is shown as its picture (␛ for ESC) and does
 * nothing. A line end counts as a control too: the result is one line.
 */
export function neutralise(text: string): string {
  return text.replace(controls, pictureOf)
}

function pictureOf(control: string): string {
  const code = control.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return code === 0x7f ? '\u2421' : '\ufffd'
}

/** Makes a log harmless piece by piece. */
export interface LogNeutraliser {
  push(piece: string): string
  /** What was held back, and the end of any colour. */
  end(): string
}

/**
 * Makes a log harmless on a terminal, as `neutralise` does, but keeps lines, tabs and colours. A carriage return
 * begins a new line, so that no line can paint over another. Without `colours` they are left out.
 */
export function createLogNeutraliser({ colours }: { colours: boolean }): LogNeutraliser {
  let held = ''
  let coloured = false

  function replace(found: string): string {
    if (found.startsWith('\r')) return '\n'
    if (found.length === 1) return pictureOf(found)
    coloured ||= colours
    return colours ? found : ''
  }

  return {
    push(piece) {
      const text = held + piece
      held = unfinished.exec(text)?.[0] ?? ''
      return text.slice(0, text.length - held.length).replace(logControls, replace)
    },
    end() {
      const rest = held.replace(logControls, replace)
      held = ''
      return coloured ? `${rest}\u001b[0m` : rest
    },
  }
}
