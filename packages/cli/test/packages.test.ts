import { AppError, type PackageInfo, type PackageSummary } from '@vieter/api'
import { describe, expect, test } from 'vitest'
import { formatBytes } from '../src/byte-size.ts'
import { type Field, formatFields } from '../src/fields.ts'
import { type ContractServer, type Handlers, startContractServer } from './contract-server.ts'
import { vieter } from './vieter.ts'

function summary(name: string, fields: Partial<PackageSummary> = {}): PackageSummary {
  const { arch = 'x86_64' } = fields
  return {
    repo: 'vieter',
    arch,
    name,
    version: '1.0-1',
    base: name,
    description: `What ${name} does`,
    package_arch: arch,
    filename: `${name}-1.0-1-${arch}.pkg.tar.zst`,
    size: 1536,
    installed_size: 4096,
    build_date: 1_700_000_000,
    published_at: 1_700_000_100,
    ...fields,
  }
}

function info(name: string, fields: Partial<PackageInfo> = {}): PackageInfo {
  return {
    ...summary(name),
    url: 'https://example.org/',
    packager: 'P <p@example.org>',
    licenses: ['MIT', 'BSD'],
    groups: [],
    provides: ['sh=1'],
    depends: ['glibc', 'zlib>=1'],
    optdepends: ['x: for y', 'z'],
    makedepends: [],
    checkdepends: [],
    conflicts: [],
    replaces: [],
    backup: [],
    xdata: [],
    unknown: [],
    sha256: 'ab'.repeat(32),
    signed: true,
    earlier: [],
    ...fields,
  }
}

const build = {
  format: 2,
  name: 'a',
  base: 'a',
  version: '1.0-1',
  arch: 'x86_64',
  pkgbuild_sha256: 'cd',
  packager: 'P',
  build_date: 1,
  build_dir: '/build',
  start_dir: '/startdir',
  build_tool: 'devtools',
  build_tool_version: '1:1',
  buildenv: ['!color', 'check'],
  options: ['strip'],
  installed: ['glibc-2-1-x86_64', 'zlib-1-1-x86_64'],
  unknown: [],
}

/** The same server for all that reads one list. */
function listing(...packages: PackageSummary[]): Promise<ContractServer> {
  return startContractServer({ listPackages: () => packages })
}

describe('packages list', () => {
  test('shows a table', async () => {
    await using server = await listing(summary('a'), summary('long-name', { repo: 'r', size: 5 }))
    const { stdout, code } = await vieter(['packages', 'list'], { server })
    expect(stdout.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')).toBe(
      'repo    arch    name       version  size     published\n' +
        'vieter  x86_64  a          1.0-1    1.5 KiB  TIME\n' +
        'r       x86_64  long-name  1.0-1    5 B      TIME\n',
    )
    expect(code).toBe(0)
  })

  test('passes its filters on, and needs no key', async () => {
    await using server = await listing()
    const filters = ['--repo', 'r', '--arch', 'any', '-q', 'x y', '--base', 'b', '--provides', 'sh=1']
    const line = ['packages', 'list', '-l', '3', '-o', '6', ...filters]
    const { stdout, code } = await vieter(line, { environment: { VIETER_ADDRESS: server.address } })
    expect(server.calls[0]?.query).toEqual({
      limit: 3,
      offset: 6,
      repo: 'r',
      arch: 'any',
      query: 'x y',
      base: 'b',
      provides: 'sh=1',
    })
    expect(stdout).toBe('No packages.\n')
    expect(code).toBe(0)
  })

  test('--raw and --json are for scripts', async () => {
    await using server = await listing(summary('a'))
    const raw = await vieter(['packages', 'list', '--raw'], { server })
    expect(raw.stdout).toMatch(/^vieter\tx86_64\ta\t1\.0-1\t1\.5 KiB\t[-\d: ]+\n$/)
    const json = await vieter(['packages', 'list', '--json'], { server })
    expect(JSON.parse(json.stdout)).toEqual([summary('a')])
  })
})

describe('packages search', () => {
  test('sends all terms, and shows names and descriptions that fit the terminal', async () => {
    await using server = await listing(summary('a', { description: 'much to say about it '.repeat(9) }))
    const { stdout } = await vieter(['packages', 'search', 'image', 'viewer'], { server, terminal: 60 })
    expect(server.calls[0]?.query).toMatchObject({ query: 'image viewer' })
    expect(stdout).toContain('much to say')
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(60)
  })

  test('shows what a description does to a terminal, and does not do it', async () => {
    await using server = await listing(summary('a', { description: 'x\u001b]0;title\u0007\u202ey' }))
    const { stdout } = await vieter(['packages', 'search', 'x'], { server })
    expect(stdout).toContain('x␛]0;title␇�y')
    const json = await vieter(['packages', 'search', 'x', '--json'], { server })
    expect(json.stdout).not.toMatch(/[^\n\u0020-\u007e]/)
  })

  test('that finds nothing is no failure', async () => {
    await using server = await listing()
    const { stdout, code } = await vieter(['packages', 'search', 'x'], { server })
    expect([stdout, code]).toEqual(['No package is like it.\n', 0])
  })
})

describe('packages owns', () => {
  test('shows each path with its package', async () => {
    await using server = await listing(
      summary('a', { paths: ['usr/bin/vi'] }),
      summary('b', { paths: ['opt/vi', 'usr/lib/vi'] }),
    )
    const { stdout, code } = await vieter(['packages', 'owns', 'vi', '--arch', 'x86_64'], { server })
    expect(server.calls[0]?.query).toMatchObject({ file: 'vi', arch: 'x86_64' })
    expect(stdout).toBe(
      'repo    arch    name  version  path\n' +
        'vieter  x86_64  a     1.0-1    /usr/bin/vi\n' +
        'vieter  x86_64  b     1.0-1    /opt/vi\n' +
        'vieter  x86_64  b     1.0-1    /usr/lib/vi\n',
    )
    expect(code).toBe(0)
    const json = await vieter(['packages', 'owns', 'vi', '--json'], { server })
    expect(JSON.parse(json.stdout)).toHaveLength(2)
  })

  test('of nothing is a mistake', async () => {
    await using server = await listing(summary('a'))
    const { stderr, code } = await vieter(['packages', 'owns', ''], { server })
    expect([stderr, code]).toEqual([
      'error: The path is empty.\nhint: Name a file, such as /usr/bin/vi.\n',
      2,
    ])
    expect(server.calls).toEqual([])
  })

  test('of a file that no package holds is a failure', async () => {
    await using server = await listing()
    expect(await vieter(['packages', 'owns', '/usr/bin/vi'], { server })).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'error: No package holds "/usr/bin/vi".\nhint: Give the file’s name alone to look for it in all folders.\n',
    })
  })
})

describe('packages info', () => {
  function telling(handlers: Handlers = {}): Promise<ContractServer> {
    return startContractServer({
      listPackages: () => [summary('a')],
      getPackage: () => info('a'),
      getBuildInformation: () => build,
      ...handlers,
    })
  }

  test('shows a package as pacman does', async () => {
    await using server = await telling()
    const { stdout } = await vieter(['packages', 'info', 'a', '--repo', 'vieter'], { server })
    expect(server.calls.map(({ params, query }) => ({ ...params, ...query }))).toEqual([
      { name: 'a', repo: 'vieter', limit: 10_000, offset: 0 },
      { repo: 'vieter', arch: 'x86_64', name: 'a' },
    ])
    expect(stdout).toMatch(/^Repository {5}: vieter\nName {11}: a\nBase {11}: a\nVersion {8}: 1\.0-1\n/)
    expect(stdout).toContain('Licenses       : MIT  BSD\nGroups         : None\n')
    expect(stdout).toContain('Optional Deps  : x: for y\n                 z\n')
    expect(stdout).toContain('Download Size  : 1.5 KiB\nInstalled Size : 4.0 KiB\n')
    expect(stdout).toContain('Signed         : Yes\n')
    expect(stdout).not.toContain('Build Tool')
  })

  test('shows what only some packages have', async () => {
    await using server = await telling({
      getPackage: () =>
        info('a', {
          package_arch: 'any',
          unknown: [{ key: 'mood', value: 'good' }],
          earlier: [
            { version: '0-1', filename: 'a-0-1-any.pkg.tar.zst', size: 1, published_at: 1, removed_at: 2 },
          ],
        }),
    })
    const { stdout } = await vieter(['packages', 'info', 'a'], { server })
    expect(stdout).toContain('Architecture   : any (in x86_64)\n')
    expect(stdout).toContain('Unknown Fields : mood = good\n')
    expect(stdout).toMatch(/Earlier Files {2}: a-0-1-any\.pkg\.tar\.zst \(until 19\d\d-/)
  })

  test('--build tells how it was built', async () => {
    await using server = await telling()
    const { stdout } = await vieter(['packages', 'info', 'a', '--build'], { server })
    expect(stdout).toContain('Build Tool     : devtools 1:1\n')
    expect(stdout).toContain('Installed Then : glibc-2-1-x86_64\n                 zlib-1-1-x86_64\n')
    const json = await vieter(['packages', 'info', 'a', '--build', '--json'], { server })
    expect(JSON.parse(json.stdout)).toEqual([{ ...info('a'), build }])
  })

  test('--build of a package that tells nothing shows the rest', async () => {
    await using server = await telling({
      getBuildInformation: () => {
        throw new AppError('FILE_NOT_FOUND')
      },
    })
    const { stdout, code } = await vieter(['packages', 'info', 'a', '--build'], { server })
    expect(stdout).toContain('Signed         : Yes\n')
    expect(code).toBe(0)
  })

  test('shows each of several, and --raw a line each', async () => {
    await using server = await telling({ listPackages: () => [summary('a'), summary('a', { repo: 'r' })] })
    const shown = await vieter(['packages', 'info', 'a'], { server })
    expect(shown.stdout.split('\n\n')).toHaveLength(2)
    const raw = await vieter(['packages', 'info', 'a', '--raw'], { server })
    expect(raw.stdout.trim().split('\n')).toHaveLength(2)
  })

  test.each([
    [['nothing'], 'There is no package "nothing".'],
    [
      ['nothing', '--repo', 'r', '--arch', 'x86_64'],
      'There is no package "nothing" in the repository "r" for "x86_64".',
    ],
  ])('%j is a failure', async (line, message) => {
    await using server = await telling({ listPackages: () => [] })
    expect(await vieter(['packages', 'info', ...line], { server })).toEqual({
      code: 1,
      stdout: '',
      stderr: `error: ${message}\nhint: \`vieter packages search TERM\` finds names.\n`,
    })
  })

  test('an empty name asks for nothing: it would be every package', async () => {
    await using server = await telling()
    expect((await vieter(['packages', 'info', ''], { server })).code).toBe(1)
    expect(server.calls).toEqual([])
  })
})

describe('packages files', () => {
  const files = ['usr/', 'usr/a\u001bb']

  test('lists them, harmless', async () => {
    await using server = await startContractServer({
      listPackages: () => [summary('a'), summary('a', { arch: 'aarch64', filename: summary('a').filename })],
      listPackageFiles: () => files,
    })
    expect((await vieter(['packages', 'files', 'a'], { server })).stdout).toBe('/usr/\n/usr/a␛b\n')
    expect(server.calls[1]?.params).toEqual({ repo: 'vieter', arch: 'x86_64', name: 'a' })
    const json = await vieter(['packages', 'files', 'a', '--json'], { server })
    expect(JSON.parse(json.stdout)).toEqual(files)
  })

  test('fetches all pages', async () => {
    const many = Array.from({ length: 25_000 }, (_, index) => `usr/${index}`)
    await using server = await startContractServer({
      listPackages: () => [summary('a')],
      listPackageFiles: ({ query }) =>
        many.slice(Number(query.offset), Number(query.offset) + Number(query.limit)),
    })
    const { stdout } = await vieter(['packages', 'files', 'a'], { server })
    expect(stdout).toBe(many.map((path) => `/${path}\n`).join(''))
  })

  test('of one of several packages wants to know which', async () => {
    await using server = await listing(summary('a'), summary('a', { repo: 'r', version: '2-1' }))
    expect(await vieter(['packages', 'files', 'a'], { server })).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'error: There are several packages a: in vieter/x86_64 (1.0-1), r/x86_64 (2-1).\nhint: Choose one with --repo and --arch.\n',
    })
  })
})

describe('fields', () => {
  const field = (heading: string, ...values: string[]): Field => ({ heading, values })

  test('are broken at the ends of values where a line is full', () => {
    const values = ['aaaa', 'bbbb', 'cccc', 'dddd', 'eeee', 'ffff']
    expect(formatFields([field('H', ...values)], 24)).toBe('H : aaaa  bbbb  cccc\n    dddd  eeee  ffff\n')
    expect(formatFields([field('H', ...values)], undefined)).toBe(`H : ${values.join('  ')}\n`)
  })

  test('a value that is too long for a line has its own', () => {
    expect(formatFields([field('H', 'a', 'x'.repeat(40), 'b')], 24)).toBe(
      `H : a\n    ${'x'.repeat(40)}\n    b\n`,
    )
  })

  test('without a value say so', () => {
    expect(formatFields([field('Long', ''), field('H')], 80)).toBe('Long : None\nH    : None\n')
  })
})

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [1536, '1.5 KiB'],
  [5 * 2 ** 30, '5.0 GiB'],
  [3 * 2 ** 50, '3072.0 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})
