import { describe, expect, test } from 'vitest'
import { createLogNeutraliser, neutralise } from '../src/neutralise.ts'
import { type Column, formatJson, formatRaw, formatTable } from '../src/output.ts'
import { displayWidth, truncate } from '../src/text-width.ts'

const columns: Column<[string, string]>[] = [
  { heading: 'a', value: ([a]) => a },
  { heading: 'b', value: ([, b]) => b },
]

describe('width', () => {
  test.each([
    ['plain', 5],
    ['', 0],
    ['日本語', 6],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['ﬁ€…', 3],
    ['한국', 4],
    ['\u200b', 0],
  ])('%j takes %d columns', (text, width) => {
    expect(displayWidth(text)).toBe(width)
  })

  test.each([
    ['abcdef', 4, 'abc…'],
    ['abcd', 4, 'abcd'],
    ['日本語', 4, '日…'],
    ['日本語', 5, '日本…'],
  ])('%j cut to %d is %j', (text, width, cut) => {
    expect(truncate(text, width)).toBe(cut)
  })
})

describe('tables', () => {
  test('fit the terminal: the widest column gives way', () => {
    const rows: [string, string][] = [['x'.repeat(100), 'short']]
    const table = formatTable(columns, rows, { width: 30, colours: false })
    expect(table).toBe(`a${' '.repeat(24)}b\n${'x'.repeat(22)}…  short\n`)
    expect(table.split('\n').every((line) => line.length <= 30)).toBe(true)
  })

  test('are as wide as they are without a terminal', () => {
    const table = formatTable(columns, [['x'.repeat(100), 'y']], { width: undefined, colours: false })
    expect(table).toContain('x'.repeat(100))
  })

  test('align wide characters', () => {
    const table = formatTable(
      columns,
      [
        ['日本', '1'],
        ['abc', '2'],
      ],
      { width: 80, colours: false },
    )
    expect(table).toBe('a     b\n日本  1\nabc   2\n')
  })

  test('have a bold heading where there are colours', () => {
    expect(formatTable(columns, [], { width: 80, colours: true })).toBe('\u001b[1ma  b\u001b[0m\n')
  })
})

test('a tab or a line end in a cell breaks no line of raw output', () => {
  expect(formatRaw(columns, [['a\tb', 'c\nd']])).toBe('a␉b\tc␊d\n')
})

test('JSON holds no control character, and still means the same', () => {
  const text = formatJson({ url: '\u009b2J\u202e\u007f\u001b' })
  expect(text).not.toMatch(/[^\n\u0020-\u007e]/)
  expect(JSON.parse(text)).toEqual({ url: '\u009b2J\u202e\u007f\u001b' })
})

test('a control character is shown and does nothing', () => {
  expect(neutralise('\u001b[31m\u0000\u007f\u0085\u2028é')).toBe('␛[31m␀␡��é')
})

describe('logs', () => {
  function neutraliseAll(pieces: readonly string[], colours = true): string {
    const neutraliser = createLogNeutraliser({ colours })
    return pieces.map((piece) => neutraliser.push(piece)).join('') + neutraliser.end()
  }

  test('a sequence cut in pieces is one sequence', () => {
    expect(neutraliseAll(['a\u001b', '[3', '1', 'mred', '\r', '\nb'])).toBe('a\u001b[31mred\nb\u001b[0m')
  })

  test('what was held back comes at the end', () => {
    expect(neutraliseAll(['a\u001b['])).toBe('a␛[')
    expect(neutraliseAll(['a\r'])).toBe('a\n')
  })

  test('an endless sequence is not held back for ever', () => {
    expect(neutraliseAll([`\u001b[${'1;'.repeat(100)}`, 'm'])).toBe(`␛[${'1;'.repeat(100)}m`)
  })

  test.each([
    '\u001b]0;title\u0007',
    '\u001b[2J',
    '\u001b[?25l',
    '\u001bc',
    '\u009b2J',
    '\u001b[1A',
    '\b',
    '\u001bP',
  ])('%j does nothing', (text) => {
    expect(neutraliseAll([text])).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
  })
})
