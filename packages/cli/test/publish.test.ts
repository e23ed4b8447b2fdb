import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '@vieter/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Handlers, startContractServer } from './contract-server.ts'
import { vieter } from './vieter.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vieter-publish-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Files of the folder, written with some content; returns their paths. */
function write(...names: string[]): string[] {
  return names.map((name) => {
    const path = join(folder, name)
    writeFileSync(path, name.endsWith('.sig') ? Uint8Array.of(0xc2, 1, 4) : `content of ${name}`)
    return path
  })
}

const publication = { id: 7, repo: 'r', opened_at: 0, expires_at: 0, committed: false, packages: [] }
const received = { name: 'a', version: '1-1', arch: 'any', filename: 'a', size: 1, sha256: '' }
const together = { published: [{ name: 'a', version: '1-1', archs: ['x86_64', 'aarch64'] }], leftovers: [] }

/** A server that takes everything, except as told. */
function takesAll(changes: Handlers = {}): Handlers {
  return {
    openPublication: () => publication,
    uploadPackage: () => received,
    commitPublication: () => together,
    discardPublication: () => undefined,
    publishPackage: () => together.published[0],
    ...changes,
  }
}

const endpointsOf = (server: { calls: { endpoint: string }[] }) =>
  server.calls.map(({ endpoint }) => endpoint)

describe('publish', () => {
  test('opens a publication, uploads each file once, and commits it', async () => {
    await using server = await startContractServer(takesAll())
    const [a = '', b = ''] = write('a.pkg.tar.zst', 'b.pkg.tar.zst')
    const { stdout, stderr, code } = await vieter(['publish', a, b, a, '--repo', 'r'], { server })
    expect(server.calls).toEqual([
      { endpoint: 'openPublication', params: {}, query: { repo: 'r' } },
      { endpoint: 'uploadPackage', params: { id: 7 }, query: {} },
      { endpoint: 'uploadPackage', params: { id: 7 }, query: {} },
      { endpoint: 'commitPublication', params: { id: 7 }, query: {} },
    ])
    expect(stdout).toBe('Published a 1-1 to r for x86_64, aarch64.\n')
    expect(stderr).toMatch(/^a\.pkg\.tar\.zst {2}24 B {2}.*\/s\nb\.pkg\.tar\.zst {2}24 B {2}.*\/s\n$/)
    expect(code).toBe(0)
  })

  test('passes on --replace and --force, and prints JSON', async () => {
    await using server = await startContractServer(takesAll())
    const line = ['publish', ...write('a.pkg.tar.zst'), '--repo', 'r', '--replace', '--force', '--json']
    const { stdout } = await vieter(line, { server })
    expect(server.calls.at(-1)).toMatchObject({ query: { replace: true, force: true } })
    expect(JSON.parse(stdout)).toEqual(together)
  })

  test('tells of warnings, of what is not kept, and of what went elsewhere', async () => {
    const warning = { code: 'DEBUG_PACKAGE_DROPPED', message: 'a-debug is a debug package.' }
    const published = [
      { name: 'a-debug', version: '1-1', archs: [], warnings: [warning] },
      { name: 'b-debug', version: '1-1', archs: ['x86_64'], repo: 'r-debug' },
    ]
    await using server = await startContractServer(
      takesAll({ commitPublication: () => ({ published, leftovers: [] }) }),
    )
    const { stdout, stderr } = await vieter(['publish', ...write('a'), '--repo', 'r'], { server })
    expect(stdout).toBe('Published b-debug 1-1 to r-debug for x86_64.\n')
    expect(stderr).toContain('warning: a-debug is a debug package.\n')
  })

  test('shows on a terminal how far it is, on a line that goes', async () => {
    await using server = await startContractServer(takesAll())
    const line = ['publish', ...write('a.pkg.tar.zst'), '--repo', 'r']
    const { stderr } = await vieter(line, { server, terminal: 40 })
    expect(stderr).toMatch(
      /^\r\u001b\[K100 % {2}24 B of 24 B {2}.*…?\r\u001b\[Ka\.pkg\.tar\.zst {2}24 B.*\n$/,
    )
  })

  test('throws the publication away when a package is refused', async () => {
    const refuse = () => {
      throw new AppError('PACKAGE_INVALID')
    }
    await using server = await startContractServer(takesAll({ uploadPackage: refuse }))
    const { stdout, code } = await vieter(['publish', ...write('a', 'b'), '--repo', 'r'], { server })
    expect(endpointsOf(server)).toEqual(['openPublication', 'uploadPackage', 'discardPublication'])
    expect({ stdout, code }).toEqual({ stdout: '', code: 1 })
  })

  test('tries again while the server is stopping, three times in all', async () => {
    const stopping = () => {
      throw new AppError('SHUTTING_DOWN')
    }
    await using server = await startContractServer(takesAll({ commitPublication: stopping }))
    const { stderr, code } = await vieter(['publish', ...write('a'), '--repo', 'r'], { server })
    expect(endpointsOf(server).filter((endpoint) => endpoint === 'commitPublication')).toHaveLength(3)
    expect(stderr).toContain('The server is stopping. Trying again, 3 of 3.\n')
    expect(code).toBe(1)
  })

  test('with --each publishes one after the other, and goes on after one that is refused', async () => {
    let count = 0
    const refuseFirst = () => {
      count += 1
      if (count === 1) throw new AppError('PACKAGE_EXISTS')
      return together.published[0]
    }
    await using server = await startContractServer(takesAll({ publishPackage: refuseFirst }))
    const line = ['publish', '--each', ...write('a', 'b'), '--repo', 'r']
    const { stdout, stderr, code } = await vieter(line, { server })
    expect(endpointsOf(server)).toEqual(['publishPackage', 'publishPackage'])
    expect(stderr).toMatch(/^error: a: This version of the package was already published.*\nhint: .*\nb {2}/)
    expect(stdout).toBe('Published a 1-1 to r for x86_64, aarch64.\n')
    expect(code).toBe(1)
  })
})

describe('files of publish', () => {
  test.each([
    ['a file that is not there', ['nothing'], /^error: There is no file .*nothing\.\n/],
    ['a folder', ['.'], /is no file\.\nhint: Of a folder name the packages: FOLDER\/\*\.pkg\.tar\.zst\.\n$/],
    [
      'a signature without its package',
      ['a.sig'],
      /a\.sig is a signature, and its package is not among the files/,
    ],
    [
      'an armored signature',
      ['armored'],
      /armored\.sig: The signature is armored text.*\nhint: .*gpg --dearmor/,
    ],
    ['a signature that is too large', ['huge'], /huge\.sig is larger than a signature may be: 16384 bytes/],
    ['what is no signature', ['text'], /text\.sig: The signature is not an OpenPGP packet/],
    ['a folder for a signature', ['odd'], /odd\.sig is no file/],
  ])('refuse %s before anything is sent', async (_, names, message) => {
    await using server = await startContractServer(takesAll())
    write('a', 'a.sig', 'good', 'armored', 'huge', 'text', 'odd')
    writeFileSync(join(folder, 'armored.sig'), '-----BEGIN PGP SIGNATURE-----\n')
    writeFileSync(join(folder, 'huge.sig'), new Uint8Array(16 * 1024 + 1))
    writeFileSync(join(folder, 'text.sig'), 'my signature')
    mkdirSync(join(folder, 'odd.sig'))
    const paths = ['good', ...names].map((name) => join(folder, name))
    const { stderr, code } = await vieter(['publish', ...paths, '--repo', 'r'], { server })
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
    expect(server.calls).toEqual([])
  })

  test('may be signatures of those that are named; a shell’s glob names both', async () => {
    await using server = await startContractServer(takesAll())
    const { code } = await vieter(['publish', ...write('a.sig', 'a', 'b'), '--repo', 'r'], { server })
    expect(endpointsOf(server).filter((endpoint) => endpoint === 'uploadPackage')).toHaveLength(2)
    expect(code).toBe(0)
  })

  test.each([
    [['publish', 'a'], "required option '--repo <repo>' not specified"],
    [['publish', '--repo', 'r'], "missing required argument 'file'"],
  ])('%j is no command line', async (line, message) => {
    const { stderr, code } = await vieter(line)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})
