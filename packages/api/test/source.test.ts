import { describe, expect, test } from 'vitest'
import { AppError, checkBranch, checkSourcePath, checkSourceUrl } from '../src/index.ts'

const strict = { allowLocal: false }

function refusal(attempt: () => unknown): string {
  try {
    attempt()
  } catch (error) {
    if (error instanceof AppError && error.code === 'SOURCE_INVALID') return error.message
    throw error
  }
  return 'taken'
}

describe('the address of a git target', () => {
  test.each([
    'https://example.org/a.git',
    'http://127.0.0.1:8080/a.git',
    'ssh://git@example.org/a.git',
    'ssh://git@example.org:2222/~me/a.git',
    'git://example.org/a.git',
    'https://[2001:db8::1]/a.git',
    'https://user:secret@example.org/a.git',
    'https://example.org/x y.git',
    'https://example.org/%7Eme/a+b.git',
    'https://example.org/--upload-pack=x.git',
    'https://example.org/$(id)\'"`id`;&|<>.git',
  ])('%s is taken: it is handed on as one argument, never as shell text', (url) => {
    expect(refusal(() => checkSourceUrl('git', url, strict))).toBe('taken')
  })

  const protocols = 'must begin with http://, https://, ssh://, git://'
  test.each([
    ['', 'must have 1 to 2048 characters'],
    [`https://example.org/${'a'.repeat(2048)}`, 'must have 1 to 2048 characters'],
    ['--upload-pack=touch /tmp/x', protocols],
    ['-oProxyCommand=x', protocols],
    ['ext::sh -c id', protocols],
    ['fd::17', protocols],
    ['file:///etc/passwd', protocols],
    ['FILE:///etc/passwd', protocols],
    ['/srv/git/a.git', protocols],
    ['./a.git', protocols],
    ['../a.git', protocols],
    ['git@example.org:a.git', protocols],
    ['example.org:a.git', protocols],
    ['ftp://example.org/a.git', protocols],
    ['javascript:alert(1)', protocols],
    ['https:example.org/a.git', protocols],
    ['https:\\\\example.org\\a.git', protocols],
    ['https://', protocols],
    ['http+ext://example.org/', protocols],
    ['$(id)', protocols],
    ['https://example.org/a\nb', 'must not hold control characters, or begin or end with a blank'],
    ['https://example.org/a\r', 'must not hold control characters, or begin or end with a blank'],
    ['https://example.org/a\0', 'must not hold control characters, or begin or end with a blank'],
    ['https://example.org/a\tb', 'must not hold control characters, or begin or end with a blank'],
    ['https://example.org/a\u2028b', 'must not hold control characters, or begin or end with a blank'],
    ['https://example.org/a\u00a0b', 'must not hold control characters, or begin or end with a blank'],
    [' https://example.org/a', 'must not hold control characters, or begin or end with a blank'],
    ['https://example.org/a ', 'must not hold control characters, or begin or end with a blank'],
    ['ssh://-oProxyCommand=id/a', 'must not begin its host or user with a dash'],
    ['ssh://%2DoProxyCommand=id/a', 'must not begin its host or user with a dash'],
    ['ssh://-oProxyCommand=id@example.org/a', 'must not begin its host or user with a dash'],
    ['ssh:///a', 'must name a host'],
  ])('%j is refused: it %s', (url, reason) => {
    const shown = JSON.stringify(url.slice(0, 200))
    expect(refusal(() => checkSourceUrl('git', url, strict))).toBe(`Invalid url ${shown}: it ${reason}.`)
  })
})

describe('the address of a url target', () => {
  test.each(['https://example.org/PKGBUILD', 'http://example.org/PKGBUILD?h=a&id=b#c'])(
    '%s is taken',
    (url) => {
      expect(refusal(() => checkSourceUrl('url', url, strict))).toBe('taken')
    },
  )

  test.each([
    'ssh://example.org/PKGBUILD',
    'git://example.org/PKGBUILD',
    'file:///etc/passwd',
    '/etc/passwd',
  ])('%s is refused', (url) => {
    expect(refusal(() => checkSourceUrl('url', url, strict))).toContain('must begin with http://, https://.')
  })
})

describe('with the laboratory setting', () => {
  const laboratory = { allowLocal: true }

  test.each(['/srv/git/a.git', 'file:///srv/git/a.git'])('%s is taken', (url) => {
    expect(refusal(() => checkSourceUrl('git', url, laboratory))).toBe('taken')
  })

  test.each(['ext::sh -c id', '--upload-pack=x', './a.git', '/srv/a\nb'])(
    '%j is refused all the same',
    (url) => {
      expect(refusal(() => checkSourceUrl('git', url, laboratory))).toContain('Invalid url')
    },
  )
})

describe('a branch', () => {
  test.each(['', 'main', 'feature/x', 'v1.0', 'a-b_c+d', "it's", '$(id)', 'a;b', 'ünï'])(
    '%j is taken',
    (branch) => {
      expect(refusal(() => checkBranch(branch))).toBe('taken')
    },
  )

  test.each([
    '--upload-pack=x',
    '-b',
    'a b',
    'a\nb',
    'a\0b',
    'a..b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    '@',
    'a@{1}',
    '/a',
    'a/',
    'a//b',
    'a.',
    '.a',
    'a/.b',
    'a.lock',
    'a.lock/b',
    'x'.repeat(256),
  ])('%j is refused', (branch) => {
    expect(refusal(() => checkBranch(branch))).toContain('Invalid branch')
  })
})

describe('a path', () => {
  test.each(['', 'sub', 'sub/folder', 'with a space', 'a..b', '...', '-x', '$(id)', "a'b"])(
    '%j is taken',
    (path) => {
      expect(refusal(() => checkSourcePath(path))).toBe('taken')
    },
  )

  test.each([
    ['/etc', 'must be relative to the root of the source'],
    ['..', 'must not leave the source'],
    ['a/../b', 'must not leave the source'],
    ['a/..', 'must not leave the source'],
    ['.git/hooks', 'must not point into the .git folder'],
    ['a\nb', 'must not hold control characters'],
    ['a\0b', 'must not hold control characters'],
    ['x'.repeat(1025), 'must have at most 1024 characters'],
  ])('%j is refused: it %s', (path, reason) => {
    expect(refusal(() => checkSourcePath(path))).toContain(`it ${reason}.`)
  })
})
