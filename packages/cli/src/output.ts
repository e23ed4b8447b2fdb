import { neutralise } from './neutralise.ts'
import { displayWidth, pad, truncate } from './text-width.ts'

/** A column of a list: its heading and what it shows of an item. */
export interface Column<T> {
  heading: string
  value(item: T): string
  /** Left out of tables (never of raw output) when all its cells are empty. */
  optional?: true
}

interface TableOptions {
  /** The columns of the terminal that lines must fit into; undefined: as wide as they are. */
  width: number | undefined
  /** Whether the heading may be set in bold. */
  colours: boolean
}

const gap = 2
const narrowest = 3

/** A list as a table for people. Cells that do not fit are cut with an ellipsis. */
export function formatTable<T>(
  columns: readonly Column<T>[],
  items: readonly T[],
  options: TableOptions,
): string {
  const shown = columns.filter(
    (column) => !column.optional || items.some((item) => column.value(item) !== ''),
  )
  const heading = shown.map((column) => column.heading)
  const rows = items.map((item) => shown.map((column) => neutralise(column.value(item))))
  const widths = fitWidths(
    heading.map((text, index) =>
      Math.max(displayWidth(text), ...rows.map((row) => displayWidth(row[index] ?? ''))),
    ),
    options.width,
  )
  const first = formatRow(heading, widths)
  return [
    options.colours ? `\u001b[1m${first}\u001b[0m` : first,
    ...rows.map((row) => formatRow(row, widths)),
  ]
    .map((line) => `${line}\n`)
    .join('')
}

/** Narrows the widest columns alike until all fit. */
function fitWidths(natural: readonly number[], width: number | undefined): readonly number[] {
  if (width === undefined) return natural
  const room = width - gap * (natural.length - 1)
  let cap = Math.max(narrowest, ...natural)
  const sum = () => natural.reduce((total, each) => total + Math.min(each, cap), 0)
  while (cap > narrowest && sum() > room) cap -= 1
  return natural.map((each) => Math.min(each, cap))
}

function formatRow(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, index) => pad(truncate(cell, widths[index] ?? 0), widths[index] ?? 0))
    .join(' '.repeat(gap))
    .trimEnd()
}

/** A list for scripts: a line per item, its cells separated by tabs. */
export function formatRaw<T>(columns: readonly Column<T>[], items: readonly T[]): string {
  return items
    .map((item) => `${columns.map((column) => neutralise(column.value(item))).join('\t')}\n`)
    .join('')
}

/** One item for people: a line per column. */
export function formatRecord<T>(columns: readonly Column<T>[], item: T): string {
  const width = Math.max(...columns.map((column) => displayWidth(column.heading)))
  return columns
    .map((column) => `${pad(column.heading, width + gap)}${neutralise(column.value(item))}`.trimEnd() + '\n')
    .join('')
}

/** A value as JSON, in which even those controls are escaped that JSON itself allows. */
export function formatJson(value: unknown): string {
  const text = JSON.stringify(value, undefined, 2)
  const escaped = text.replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `${escaped}\n`
}
