import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { architecture } from './lab/architecture.ts'
import { forgePackage, savePackage, truncated, withTrailingGarbage } from './lab/forge.ts'
import { type GitHost, startGitHost } from './lab/git-host.ts'
import { reverseProxyTo, startNginx } from './lab/nginx.ts'
import { makePackage, makePackages } from './lab/packages.ts'
import { makePacmanRoot } from './lab/pacman.ts'
import { run, runChecked } from './lab/processes.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'

let scratch: Scratch
let host: GitHost

beforeAll(async () => {
  scratch = await makeScratch('test')
  host = await startGitHost()
})

afterAll(async () => {
  await host.stop()
  await scratch.remove()
})

describe('packages', () => {
  test('real makepkg makes a package that real pacman installs from an HTTP server', async () => {
    const made = await makePackage(
      {
        name: 'real-one',
        version: '1:2.0-3',
        arch: architecture,
        depends: ['forged-one'],
        files: { 'usr/bin/real-one': '#!/bin/sh\necho it runs\n', 'usr/share/with a blank/note': 'note\n' },
      },
      scratch.path,
    )
    expect(made).toMatchObject({ name: 'real-one', version: '1:2.0-3', arch: architecture })
    const forged = forgePackage({
      name: 'forged-one',
      version: '1.0-1',
      files: { 'usr/share/forged': 'yes\n' },
    })
    await savePackage(forged, scratch.path)
    const server = await publishFolder([made, forged])

    const root = await makePacmanRoot([{ name: 'lab', server, sigLevel: 'Never' }])
    onTestFinished(root.remove)
    const installed = await root.run('-Sy', 'real-one')
    expect(installed).toMatchObject({ code: 0, stderr: '' })
    expect((await run('sh', [join(root.path, 'usr/bin/real-one')])).stdout).toBe('it runs\n')
    expect(await readFile(join(root.path, 'usr/share/forged'), 'utf8')).toBe('yes\n')
    // -Qkk compares everything on disk with the .MTREE: the forged one is as true as the real one.
    expect((await root.run('-Qkk')).stdout).toMatch(/forged-one: \d+ total files, 0 altered files/)
  })

  test('one PKGBUILD may make several packages', async () => {
    const pkgbuild = `pkgbase=pair
pkgname=(left right)
pkgver=1
pkgrel=1
arch=(any)
package_left() { :; }
package_right() { :; }
`
    const made = await makePackages(pkgbuild, {}, scratch.path)
    expect(made.map((one) => one.filename)).toEqual(['left-1-1-any.pkg.tar.zst', 'right-1-1-any.pkg.tar.zst'])
  })

  test('a PKGBUILD that fails says why', async () => {
    const failing = "pkgname=x\npkgver=1\npkgrel=1\narch=(any)\npackage() { echo 'told you' >&2; false; }\n"
    await expect(makePackages(failing, {}, scratch.path)).rejects.toThrow(/told you/)
  })

  test('forged packages can be broken in the ways that uploads break', async () => {
    const whole = forgePackage({
      name: 'whole',
      version: '1.0-1',
      files: { 'usr/share/x': 'x'.repeat(1000) },
    })
    const zstd = async (bytes: Buffer) => (await run('zstd', ['-t', '-q'], { input: bytes })).code
    expect(await zstd(whole.bytes)).toBe(0)
    expect(await zstd(truncated(whole).bytes)).not.toBe(0)
    expect(await zstd(withTrailingGarbage(whole).bytes)).not.toBe(0)

    const bare = forgePackage({ name: 'bare', version: '1.0-1' }, { without: ['.PKGINFO'] })
    const { stdout } = await run('bsdtar', ['-tf', '-'], { input: bare.bytes })
    expect(stdout).toBe('.BUILDINFO\n.MTREE\n')
  })
})

describe('the git host', () => {
  test('serves clones of branches and of later commits', async () => {
    const address = await host.addRepository('source', {
      PKGBUILD: 'first\n',
      'a folder/PKGBUILD': 'inner\n',
    })
    const second = await host.commit('source', { PKGBUILD: 'second\n' })
    await host.commit('source', { PKGBUILD: 'other\n' }, { branch: 'other' })

    const clone = join(scratch.path, 'clone')
    await runChecked('git', ['clone', '--quiet', '--depth', '1', '--single-branch', address, clone])
    expect(await readFile(join(clone, 'PKGBUILD'), 'utf8')).toBe('second\n')
    expect(await readFile(join(clone, 'a folder/PKGBUILD'), 'utf8')).toBe('inner\n')
    expect((await runChecked('git', ['-C', clone, 'rev-parse', 'HEAD'])).stdout.trim()).toBe(second)

    const branch = join(scratch.path, 'branch')
    await runChecked('git', ['clone', '--quiet', '--depth', '1', '--branch', 'other', address, branch])
    expect(await readFile(join(branch, 'PKGBUILD'), 'utf8')).toBe('other\n')
    expect(host.requests).toContain('POST /git/source.git/git-upload-pack')
  })

  test('serves plain files, and nothing else', async () => {
    const address = await host.addFile('some where/PKGBUILD', 'plain\n')
    expect(await (await fetch(address)).text()).toBe('plain\n')
    expect((await fetch(`${host.address}/files/%2e%2e%2fgit/source.git/HEAD`)).status).toBe(404)
    expect((await fetch(`${host.address}/other`)).status).toBe(404)
  })
})

describe('nginx', () => {
  test('proxies, and names the process that does the work', async () => {
    const file = await host.addFile('proxied', 'plain\n')
    const nginx = await startNginx(reverseProxyTo(host.address))
    onTestFinished(nginx.stop)
    expect(await (await fetch(`${nginx.address}${new URL(file).pathname}`)).text()).toBe('plain\n')
    expect(await nginx.workers()).toEqual([expect.any(Number)])
    expect(await nginx.workers()).not.toContain(nginx.pid)
  })

  test('that refuses its configuration says why', async () => {
    await expect(startNginx({ server: 'no_such_word;' })).rejects.toThrow('unknown directive "no_such_word"')
  })
})

/** Puts packages with a database by real repo-add on the host and gives the value of `Server`. */
async function publishFolder(packages: readonly { filename: string; bytes: Buffer }[]): Promise<string> {
  const folder = join(scratch.path, 'repository')
  await mkdir(folder)
  for (const { filename, bytes } of packages) {
    await host.addFile(`lab/${filename}`, bytes)
    await runChecked('repo-add', ['--quiet', join(folder, 'lab.db.tar.gz'), join(scratch.path, filename)])
  }
  await host.addFile('lab/lab.db', await readFile(join(folder, 'lab.db.tar.gz')))
  return `${host.address}/files/lab`
}
