import { neutralise } from './neutralise.ts'
import { displayWidth, pad } from './text-width.ts'

/** What is told of something under one heading. */
export interface Field {
  heading: string
  values: readonly string[]
  /** Each value begins a line; else they stand in a row. */
  asLines?: true
}

const narrowest = 20

/** Fields the way that `pacman -Si` shows them: a heading, a colon, and values that are broken to lines at their ends. */
export function formatFields(fields: readonly Field[], width: number | undefined): string {
  const indent = Math.max(...fields.map(({ heading }) => displayWidth(heading))) + 1
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(narrowest, width - indent - 2)
  return fields
    .map(({ heading, values, asLines }) => {
      const shown = values.filter((value) => value !== '').map(neutralise)
      const lines = shown.length === 0 ? ['None'] : asLines ? shown : fill(shown, room)
      return `${pad(heading, indent)}: ${lines.join(`\n${' '.repeat(indent + 2)}`)}\n`
    })
    .join('')
}

/** Values in rows, two blanks between them, each row as long as fits. */
function fill(values: readonly string[], room: number): string[] {
  const rows: string[] = []
  for (const value of values) {
    const row = rows.at(-1)
    const longer = `${row}  ${value}`
    if (row !== undefined && displayWidth(longer) <= room) rows[rows.length - 1] = longer
    else rows.push(value)
  }
  return rows
}
