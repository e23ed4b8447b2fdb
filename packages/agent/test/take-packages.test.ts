import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ArchitectureName, parseSrcinfo, tarEnd, tarFile, tarHeader } from '@vieter/alpm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { takePackages } from '../src/take-packages.ts'

const srcinfo = parseSrcinfo(`pkgbase = app
	pkgver = 1.0
	pkgrel = 1
	epoch = 2
	arch = x86_64

pkgname = app

pkgname = app-docs
	arch = any
`)
const app = 'app-2:1.0-1-x86_64.pkg.tar.zst'
const docs = 'app-docs-2:1.0-1-any.pkg.tar.zst'
const debug = 'app-debug-2:1.0-1-x86_64.pkg.tar.zst'

const top = tarHeader({ name: 'packages/', type: 'directory' })
const file = (name: string, text = name) => tarFile(`packages/${name}`, Buffer.from(text))

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vieter-test-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function* archiveOf(parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

function take(parts: Uint8Array[], maxSize = 1000) {
  const archive = archiveOf([...parts, tarEnd()])
  return takePackages({ archive, srcinfo, arch: 'x86_64' as ArchitectureName, folder, maxSize })
}

describe('what a build leaves', () => {
  test('is taken when it is the packages of the source', async () => {
    const taken = await take([top, file(app), file(docs, 'docs'), file(debug)])
    expect(taken.map(({ filename, size }) => [filename, size])).toEqual([
      [app, app.length],
      [docs, 4],
      [debug, debug.length],
    ])
    expect(await readFile(join(folder, docs), 'utf8')).toBe('docs')
  })

  test.each<[string, Uint8Array[], string]>([
    ['a package is lacking', [top, file(app)], `makepkg left no ${docs}`],
    ['a name is there twice', [top, file(app), file(app)], `${app} is there twice`],
    [
      'a package has another version',
      [top, file('app-1.0-1-x86_64.pkg.tar.zst')],
      '"packages/app-1.0-1-x86_64.pkg.tar.zst" is no package that this build should make',
    ],
    [
      'a package has another architecture',
      [top, file('app-2:1.0-1-aarch64.pkg.tar.zst')],
      '"packages/app-2:1.0-1-aarch64.pkg.tar.zst" is no package that this build should make',
    ],
    [
      'a package of another source is among them',
      [top, file('linux-2:1.0-1-x86_64.pkg.tar.zst')],
      '"packages/linux-2:1.0-1-x86_64.pkg.tar.zst" is no package that this build should make',
    ],
    [
      'a file is no package',
      [top, file('app.log')],
      '"packages/app.log" is no package that this build should make',
    ],
    [
      'a folder lies in the folder',
      [top, tarHeader({ name: 'packages/more/', type: 'directory' })],
      '"packages/more/" is not a regular file (directory)',
    ],
    [
      'a file lies deeper',
      [top, file(`more/${app}`)],
      `"packages/more/${app}" does not lie in the folder of packages itself`,
    ],
    [
      'a name climbs out',
      [top, tarFile(`packages/../../${app}`, Buffer.from('x'))],
      `"packages/../../${app}" does not lie in the folder of packages itself`,
    ],
    [
      'a name is absolute',
      [top, tarFile('/etc/passwd', Buffer.from('x'))],
      '"/etc/passwd" does not lie in the folder of packages itself',
    ],
    [
      'a package is a link',
      [top, tarHeader({ name: `packages/${app}`, type: 'symlink', linkname: '/etc/shadow' })],
      `"packages/${app}" is not a regular file (symlink)`,
    ],
    [
      'the folder itself is a link',
      [tarHeader({ name: 'packages', type: 'symlink', linkname: '/etc' })],
      '"packages" is not a regular file (symlink)',
    ],
    [
      'all is too large together',
      [top, file(app, 'x'.repeat(600)), file(docs, 'x'.repeat(600))],
      'the packages are larger than 1000 bytes together',
    ],
    [
      'there are too many files',
      [top, ...Array.from({ length: 1001 }, () => tarHeader({ name: 'packages/', type: 'directory' }))],
      'The tar archive has more than 1001 entries',
    ],
  ])('is refused when %s', async (_, parts, reason) => {
    await expect(take(parts)).rejects.toThrow(`What the build left cannot be taken: ${reason}.`)
  })

  test('is refused when the archive breaks off', async () => {
    const archive = archiveOf([top, file(app).subarray(0, 700)])
    const taking = { archive, srcinfo, arch: 'x86_64' as ArchitectureName, folder, maxSize: 1000 }
    await expect(takePackages(taking)).rejects.toThrow(
      'What the build left cannot be taken: The tar archive is truncated',
    )
  })

  test('lands nowhere but in the folder of the agent', async () => {
    await take([top, file(app), file(docs)])
    expect((await readdir(folder)).sort()).toEqual([app, docs])
  })
})
