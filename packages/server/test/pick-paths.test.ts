import { describe, expect, test } from 'vitest'
import { parseWantedFile, pickPaths } from '../src/domain/pick-paths.ts'

const files = '%FILES%\nopt\nusr/\nusr/bin/\nusr/bin/vi\nusr/lib/vi/\nusr/lib/vi/vim\nusr/share/usr/bin/vi\n'

function wanted(text: string, limit = 100): string[] | undefined {
  const file = parseWantedFile(text)
  return file && pickPaths(files, { kind: 'wanted', file, limit })
}

describe('a file is found', () => {
  test.each([
    ['/usr/bin/vi', ['usr/bin/vi']],
    ['usr/bin/vi', ['usr/bin/vi']],
    ['/usr/bin', ['usr/bin/']],
    ['/usr/bin/', ['usr/bin/']],
    ['//usr/bin//', ['usr/bin/']],
    ['/usr/bin/vi/', []],
    ['vi', ['usr/bin/vi', 'usr/lib/vi/', 'usr/share/usr/bin/vi']],
    ['vi/', ['usr/lib/vi/']],
    ['vim', ['usr/lib/vi/vim']],
    ['/vim', []],
    ['opt', ['opt']],
    ['/opt', ['opt']],
    ['bin/vi', []],
    ['i', []],
    ['%FILES%', []],
    ['.*', []],
  ])('%s: %j', (text, paths) => {
    expect(wanted(text)).toEqual(paths)
  })

  test('as often as is asked for', () => {
    expect(wanted('vi', 2)).toEqual(['usr/bin/vi', 'usr/lib/vi/'])
  })
})

test.each(['', '/', '//', 'a\nb'])('%j names no file', (text) => {
  expect(parseWantedFile(text)).toBeUndefined()
})

test.each([
  [0, 2, ['opt', 'usr/']],
  [2, 2, ['usr/bin/', 'usr/bin/vi']],
  [6, 9, ['usr/share/usr/bin/vi']],
  [7, 9, []],
])('a page begins behind %d paths and has %d at most', (offset, limit, paths) => {
  expect(pickPaths(files, { kind: 'page', offset, limit })).toEqual(paths)
})

test('a package without files has an empty page', () => {
  expect(pickPaths('%FILES%\n', { kind: 'page', offset: 0, limit: 9 })).toEqual([])
})
