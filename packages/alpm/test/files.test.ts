import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, formatFiles, parseFiles } from '../src/index.ts'
import { refusal, run } from './support.ts'

const paths = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .filter((text) => !/[\0\n]|^\./.test(text))

describe('files', () => {
  test('are sorted bytewise, each once, without what begins with a dot', () => {
    const some = [
      'usr/b',
      'usr/',
      '.MTREE',
      '.x/y',
      'usr/\u{1f600}',
      'usr/\uffee',
      'usr/a/.z',
      'usr/b',
      'usr/B',
    ]
    expect(formatFiles(some)).toBe('%FILES%\nusr/\nusr/B\nusr/a/.z\nusr/b\nusr/\uffee\nusr/\u{1f600}\n')
  })

  test('are sorted as the real sort does', () => {
    fc.assert(
      fc.property(fc.array(paths, { minLength: 1, maxLength: 100 }), (some) => {
        const sorted = run('bash', ['-c', 'LC_ALL=C sort -u'], { input: `${some.join('\n')}\n` }).toString()
        expect(formatFiles(some)).toBe(`%FILES%\n${sorted}`)
      }),
      { numRuns: 10 },
    )
  })

  test('survive writing and reading', () => {
    fc.assert(
      fc.property(fc.uniqueArray(paths), (some) => {
        expect(parseFiles(formatFiles(some))).toEqual(some.sort(compareBytes))
      }),
    )
  })

  test('of a package with none are a header alone', () => {
    expect(formatFiles([])).toBe('%FILES%\n')
    expect(parseFiles('%FILES%\n')).toEqual([])
  })

  test('end at a blank line, as in databases of old', () => {
    expect(parseFiles('%FILES%\nusr/\nusr/a\n\n%BACKUP%\nx\n')).toEqual(['usr/', 'usr/a'])
  })

  test('that would forge a line are refused', () => {
    expect(refusal(() => formatFiles(['usr/a\n%DEPENDS%']))).toBe(
      'unsafe: The path "usr/a\\n%DEPENDS%" cannot stand in a list of files.',
    )
    expect(refusal(() => formatFiles(['']))).toBe('unsafe: The path "" cannot stand in a list of files.')
    expect(refusal(() => parseFiles('usr/\n'))).toBe('invalid: files: "usr/" stands where %FILES% should.')
  })
})
