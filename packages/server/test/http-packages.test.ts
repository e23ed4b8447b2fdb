import { gzipSync } from 'node:zlib'
import { formatMtree, type MtreeEntry } from '@vieter/alpm'
import type { PackageInfo, PackageSummary } from '@vieter/api'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { sha256 } from './support/folders.ts'
import { packageArchive } from './support/packages.ts'
import { startServer, type TestServer } from './support/server.ts'

const api = '/api/v1/packages'

async function ask(server: TestServer, path: string): Promise<unknown> {
  const response = await fetch(server.url + api + path)
  const { data, message } = (await response.json()) as { data: unknown; message: string }
  expect({ status: response.status, message }).toEqual({ status: 200, message: '' })
  return data
}

async function names(server: TestServer, query: string): Promise<string[]> {
  const found = (await ask(server, query)) as PackageSummary[]
  return found.map(({ repo, arch, name }) => `${repo}/${arch}/${name}`)
}

/** The status, the code and the message of a refusal. */
async function refusal(server: TestServer, path: string): Promise<string> {
  const response = await fetch(server.url + api + path)
  const { message, data, code, hint } = (await response.json()) as Record<string, string>
  expect(data).toBe('')
  expect(hint).toMatch(/\S/)
  return `${response.status} ${code}: ${message}`
}

function described(name: string, description: string, more = ''): Buffer {
  return packageArchive({ name, pkginfo: `pkgdesc = ${description}\n${more}` })
}

/** A package with files in which it speaks of itself. */
function telling(files: Readonly<Record<string, string | Uint8Array>>, name = 'hello'): Buffer {
  return packageArchive({ name, metadata: files })
}

describe('packages of several repositories', () => {
  let server: TestServer

  beforeAll(async () => {
    const ends: (() => void | Promise<void>)[] = []
    server = await startServer({ onEnd: (end) => void ends.push(end) })
    await server.publish('a', described('vim', 'Vi IMproved', 'provides = vi\nprovides = xxd=9.1\n'))
    await server.publish('a', described('gvim', 'Vim with a window', 'pkgbase = vim\nprovides = vim=9.1\n'))
    await server.publish('a', described('nvi', 'Ex and 100% vi_ä ÄRGER'))
    await server.publish(
      'b',
      packageArchive({ name: 'vi', arch: 'any', files: { 'usr/bin/vi': '', 'opt/bin/vi': '' } }),
    )
    await server.publish('b', packageArchive({ name: 'vim', arch: 'aarch64', version: '2-1' }))
    return async () => {
      for (const end of ends.reverse()) await end()
    }
  })

  test('are listed by name, one of architecture any in each arch-repo', async () => {
    expect(await names(server, '')).toEqual([
      'a/x86_64/gvim',
      'a/x86_64/nvi',
      'b/x86_64/vi',
      'b/aarch64/vi',
      'a/x86_64/vim',
      'b/aarch64/vim',
    ])
  })

  test.each([
    ['limit=2', ['a/x86_64/gvim', 'a/x86_64/nvi']],
    ['limit=2&offset=4', ['a/x86_64/vim', 'b/aarch64/vim']],
    ['limit=9&offset=9', []],
    ['repo=b', ['b/x86_64/vi', 'b/aarch64/vi', 'b/aarch64/vim']],
    ['arch=aarch64', ['b/aarch64/vi', 'b/aarch64/vim']],
    ['repo=b&arch=x86_64', ['b/x86_64/vi']],
    ['repo=c', []],
    ['name=vim', ['a/x86_64/vim', 'b/aarch64/vim']],
    ['name=VIM', []],
    ['base=vim', ['a/x86_64/gvim', 'a/x86_64/vim', 'b/aarch64/vim']],
    ['provides=vi', ['b/x86_64/vi', 'b/aarch64/vi', 'a/x86_64/vim']],
    ['provides=vim', ['a/x86_64/gvim', 'a/x86_64/vim', 'b/aarch64/vim']],
    ['provides=xxd', ['a/x86_64/vim']],
    ['provides=xxd%3D9.1', ['a/x86_64/vim']],
    ['provides=xxd%3D9', []],
    ['name=vim&repo=b&query=', ['b/aarch64/vim']],
  ])('?%s: %j', async (query, found) => {
    expect(await names(server, `?${query}`)).toEqual(found)
  })

  test('with words the name itself comes first, then those that begin with it, that hold it, and descriptions', async () => {
    expect(await names(server, '?query=vi&arch=x86_64')).toEqual([
      'b/x86_64/vi',
      'a/x86_64/vim',
      'a/x86_64/gvim',
      'a/x86_64/nvi',
    ])
    expect(await names(server, '?query=IMPROVED')).toEqual(['a/x86_64/vim'])
    expect(await names(server, '?query=window+VIM')).toEqual(['a/x86_64/gvim'])
    expect(await names(server, '?query=window+improved')).toEqual([])
  })

  test('each character of a word means itself, and letters of any language have two cases', async () => {
    expect(await names(server, '?query=0%25')).toEqual(['a/x86_64/nvi'])
    expect(await names(server, '?query=i_')).toEqual(['a/x86_64/nvi'])
    expect(await names(server, '?query=%C3%84+%C3%A4rger')).toEqual(['a/x86_64/nvi'])
    expect(await names(server, '?query=%25')).toEqual(['a/x86_64/nvi'])
  })

  test('are found by a file, with its paths', async () => {
    const found = (await ask(server, '?file=/usr/bin/vi')) as PackageSummary[]
    expect(found.map(({ arch, paths }) => ({ arch, paths }))).toEqual([
      { arch: 'x86_64', paths: ['usr/bin/vi'] },
      { arch: 'aarch64', paths: ['usr/bin/vi'] },
    ])
    const named = (await ask(server, '?file=vi&arch=aarch64')) as PackageSummary[]
    expect(named.map(({ paths }) => paths)).toEqual([['opt/bin/vi', 'usr/bin/vi']])
    expect(await names(server, '?file=usr/hello&name=vim')).toEqual(['a/x86_64/vim', 'b/aarch64/vim'])
    expect(await names(server, '?file=hello&limit=1&offset=2')).toEqual(['a/x86_64/vim'])
    expect(await names(server, '?file=nothing')).toEqual([])
  })

  test('what cannot be looked for is refused', async () => {
    expect(await refusal(server, '?file=/')).toBe(
      '400 PARAMETER_INVALID: Parameter file must be a path or the name of a file, but is "/".',
    )
    expect(await refusal(server, `?query=${'a+'.repeat(17)}`)).toBe(
      '400 PARAMETER_INVALID: Parameter query must have at most 16 words, but has 17.',
    )
    expect(await refusal(server, '?limit=10001')).toMatch(/^400 PARAMETER_INVALID: /)
  })

  test('many who look for files at once are all answered', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => names(server, '?file=/usr/bin/vi')))
    for (const answer of answers) expect(answer).toEqual(['b/x86_64/vi', 'b/aarch64/vi'])
  })
})

test('a server without packages lists none', async () => {
  const server = await startServer()
  expect(await ask(server, '')).toEqual([])
  expect(await ask(server, '?file=vi')).toEqual([])
  expect(await refusal(server, '/r/x86_64/hello')).toBe(
    '404 PACKAGE_NOT_FOUND: r/x86_64 holds no package hello.',
  )
})

describe('a package', () => {
  const pkginfo = [
    'pkgbase = base-of-c++',
    'pkgdesc = Prüft "alles"',
    'url = https://example.org/?a=b&c',
    'builddate = 1700000000',
    'packager = P <p@example.org>',
    'license = MIT',
    'license = BSD',
    'group = g',
    'depend = glibc>=2',
    'optdepend = x: for y',
    'makedepend = make',
    'checkdepend = check',
    'conflict = other',
    'replaces = old',
    'provides = sh=1',
    'backup = etc/c.conf',
    'xdata = pkgtype=pkg',
    '',
  ].join('\n')

  test('tells all that it says of itself, and what the server knows of its file', async () => {
    const server = await startServer()
    const archive = packageArchive({ name: 'c++@1.0', version: '1:2-1', pkginfo })
    const before = Math.floor(Date.now() / 1000)
    await server.publish('r', archive)
    const info = (await ask(server, '/r/x86_64/c%2B%2B%401.0')) as PackageInfo
    expect(info).toEqual({
      repo: 'r',
      arch: 'x86_64',
      name: 'c++@1.0',
      version: '1:2-1',
      base: 'base-of-c++',
      description: 'Prüft "alles"',
      package_arch: 'x86_64',
      filename: 'c++@1.0-1:2-1-x86_64.pkg.tar.zst',
      size: archive.length,
      installed_size: 3,
      build_date: 1700000000,
      published_at: expect.any(Number),
      url: 'https://example.org/?a=b&c',
      packager: 'P <p@example.org>',
      licenses: ['MIT', 'BSD'],
      groups: ['g'],
      provides: ['sh=1'],
      depends: ['glibc>=2'],
      optdepends: ['x: for y'],
      makedepends: ['make'],
      checkdepends: ['check'],
      conflicts: ['other'],
      replaces: ['old'],
      backup: ['etc/c.conf'],
      xdata: ['pkgtype=pkg'],
      unknown: [],
      sha256: sha256(archive),
      signed: false,
      earlier: [],
    })
    expect(info.published_at).toBeGreaterThanOrEqual(before)
    // Not encoded, a plus in a path is a plus.
    expect(await ask(server, '/r/x86_64/c++@1.0')).toEqual(info)
    const [summary] = (await ask(server, '?name=c%2B%2B%401.0')) as PackageSummary[]
    expect(info).toMatchObject(summary as object)
  })

  test('tells of the files that it replaced and that are still served', async () => {
    const server = await startServer()
    await server.publish('r', packageArchive({ version: '1-1' }))
    await server.publish('r', packageArchive({ version: '2-1' }))
    const { version, earlier } = (await ask(server, '/r/x86_64/hello')) as PackageInfo
    expect(version).toBe('2-1')
    expect(earlier).toEqual([
      {
        version: '1-1',
        filename: 'hello-1-1-x86_64.pkg.tar.zst',
        size: packageArchive({ version: '1-1' }).length,
        published_at: expect.any(Number),
        removed_at: expect.any(Number),
      },
    ])
    expect(await names(server, '')).toEqual(['r/x86_64/hello'])
  })

  test('is no longer told of once it is removed', async () => {
    const server = await startServer()
    await server.publish('r', packageArchive())
    await server.request('DELETE', '/r/x86_64/hello')
    expect(await names(server, '')).toEqual([])
    expect(await refusal(server, '/r/x86_64/hello')).toMatch(/^404 PACKAGE_NOT_FOUND/)
    expect(await refusal(server, '/r/x86_64/hello/files')).toMatch(/^404 PACKAGE_NOT_FOUND/)
    expect(await refusal(server, '/r/x86_64/hello/install')).toMatch(/^404 PACKAGE_NOT_FOUND/)
  })

  test('lists its files, page by page', async () => {
    const server = await startServer()
    await server.publish('r', packageArchive({ files: { 'usr/a b': '', 'usr/ä': '' } }))
    expect(await ask(server, '/r/x86_64/hello/files')).toEqual(['usr/', 'usr/a b', 'usr/ä'])
    expect(await ask(server, '/r/x86_64/hello/files?limit=1&offset=1')).toEqual(['usr/a b'])
    expect(await ask(server, '/r/x86_64/hello/files?offset=3')).toEqual([])
  })
})

describe('the files in which a package speaks of itself', () => {
  const entry: MtreeEntry = {
    path: 'usr/bin/hello',
    type: 'file',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 1_700_000_000,
    nanoseconds: 0,
    size: 3,
    linkname: '',
    sha256: 'a'.repeat(64),
  }
  const folder: MtreeEntry = {
    path: 'usr',
    type: 'directory',
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: 0,
    nanoseconds: 0,
    size: 0,
    linkname: '',
  }

  test('are read from it when somebody asks', async () => {
    const server = await startServer()
    const buildinfo =
      'format = 2\npkgname = hello\npkgarch = x86_64\nbuildtool = makepkg\nbuildenv = !color\ninstalled = a-1-1-any\nmood = good\n'
    await server.publish(
      'r',
      telling({
        '.BUILDINFO': buildinfo,
        '.MTREE': gzipSync(formatMtree([folder, entry])),
        '.INSTALL': 'post_install() { :; }\n',
        '.CHANGELOG': Buffer.from([0x41, 0xff, 0x0a]),
      }),
    )
    expect(await ask(server, '/r/x86_64/hello/build-information')).toEqual({
      format: 2,
      name: 'hello',
      base: '',
      version: '',
      arch: 'x86_64',
      pkgbuild_sha256: '',
      packager: '',
      build_date: 0,
      build_dir: '',
      start_dir: '',
      build_tool: 'makepkg',
      build_tool_version: '',
      buildenv: ['!color'],
      options: [],
      installed: ['a-1-1-any'],
      unknown: [{ key: 'mood', value: 'good' }],
    })
    expect(await ask(server, '/r/x86_64/hello/mtree')).toEqual([folder, entry])
    expect(await ask(server, '/r/x86_64/hello/mtree?offset=1')).toEqual([entry])
    const script = await fetch(`${server.url}${api}/r/x86_64/hello/install`)
    expect(script.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await script.text()).toBe('post_install() { :; }\n')
    const changes = await fetch(`${server.url}${api}/r/x86_64/hello/changelog`)
    expect([...(await changes.bytes())]).toEqual([0x41, 0xff, 0x0a])
  })

  test.each(['build-information', 'mtree', 'install', 'changelog'])('%s may not be there', async (what) => {
    const server = await startServer()
    await server.publish('r', packageArchive())
    expect(await refusal(server, `/r/x86_64/hello/${what}`)).toMatch(
      /^404 FILE_NOT_FOUND: The package hello has no \.[A-Z]+\.$/,
    )
  })

  test.each([
    ['plain garbage', 'nonsense\n', '.MTREE, line 1: "nonsense" does not begin with "./".'],
    [
      'cut gzip data',
      gzipSync('#mtree\n').subarray(0, 20),
      'The gzip data of .MTREE cannot be read: unexpected end of file.',
    ],
    [
      'a bomb',
      gzipSync(Buffer.alloc(257 << 20)),
      /^The gzip data of \.MTREE cannot be read: Cannot create a Buffer larger than/,
    ],
  ])('a .MTREE that is %s is told as such', async (_, mtree, message) => {
    const server = await startServer()
    await server.publish('r', telling({ '.MTREE': mtree }))
    const told = await refusal(server, '/r/x86_64/hello/mtree')
    const expected = typeof message === 'string' ? message : expect.stringMatching(message)
    expect(told.replace('422 METADATA_INVALID: ', '')).toEqual(expected)
  })
})

test('a search that nobody waits for any more lets others have their turn', async () => {
  const server = await startServer()
  for (const name of ['one', 'two']) await server.publish('r', packageArchive({ name }))
  const gone = new AbortController()
  onTestFinished(() => gone.abort())
  const searches = Array.from({ length: 50 }, () =>
    fetch(`${server.url}${api}?file=nothing`, { signal: gone.signal }),
  )
  gone.abort()
  await Promise.allSettled(searches)
  expect(await names(server, '?file=hello')).toEqual(['r/x86_64/one', 'r/x86_64/two'])
  expect(server.log).toEqual([])
})
