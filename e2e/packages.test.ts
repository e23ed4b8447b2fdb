import type { BuildInformation, MtreeEntry, PackageInfo } from '@vieter/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { architecture } from './lab/architecture.ts'
import { makePackages } from './lab/packages.ts'
import { makePacmanRoot, type PacmanRoot } from './lab/pacman.ts'
import { publishFile } from './lab/repository-client.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { startServer, type VieterServer, vieter } from './lab/vieter.ts'

/*
 * A package with all the files in which it can speak of itself, made by real makepkg: what the server and the commands
 * tell of it is what pacman tells.
 */

const pkgbuild = `
pkgbase=greeter
pkgname=(libhello++ greeter-docs)
epoch=1
pkgver=2.0
pkgrel=3
pkgdesc='Greets the world'
arch=('${architecture}')
url='https://example.org/?a=1&b=2'
license=('MIT' 'BSD')
makedepends=('make')
install=hello.install
changelog=hello.changelog

package_libhello++() {
  depends=('glibc>=2')
  optdepends=('world: to be greeted')
  provides=('hello=1:2.0')
  conflicts=('hello')
  replaces=('hallo')
  groups=('greeters')
  backup=('etc/hello.conf')
  install -Dm755 /dev/null "$pkgdir/usr/bin/hello"
  install -Dm644 /dev/null "$pkgdir/etc/hello.conf"
  ln -s hello "$pkgdir/usr/bin/hi there"
}

package_greeter-docs() {
  arch=('any')
  install -Dm644 /dev/null "$pkgdir/usr/share/doc/greeter/hello"
}
`
const script = 'post_install() {\n  echo "hello"\n}\n'
const changes = '2.0: greets everybody\n'

let scratch: Scratch
let server: VieterServer
let pacman: PacmanRoot

beforeAll(async () => {
  scratch = await makeScratch('packages')
  server = await startServer({ dataFolder: `${scratch.path}/data` })
  const sources = { 'hello.install': script, 'hello.changelog': changes }
  for (const file of await makePackages(pkgbuild, sources, scratch.path))
    await publishFile(server, 'lab', file)
  pacman = await makePacmanRoot([{ name: 'lab', server: `${server.address}/$repo/$arch` }])
  await pacman.run('-Sy')
  await pacman.run('-Fy')
})

afterAll(async () => {
  await pacman.remove()
  await server.stop()
  await scratch.remove()
})

const place = `/api/v1/packages/lab/${architecture}/libhello%2B%2B`

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(server.address + path)
  expect(response.status).toBe(200)
  return ((await response.json()) as { data: T }).data
}

async function runVieter(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await vieter(words, { settings: { VIETER_ADDRESS: server.address } })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

/** `Name : value` lines, as pacman and we print them; only the headings that both have. */
function fieldsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    Array.from(text.matchAll(/^(\S[^:]*?) +: (.*)$/gm), ([, name, value]) => [name, value]),
  )
}

test('its description is that of pacman', async () => {
  const theirs = fieldsOf((await pacman.run('-Si', 'libhello++')).stdout)
  const ours = fieldsOf(await runVieter('packages', 'info', 'libhello++'))
  const { 'Download Size': _download, 'Installed Size': _installed, 'Build Date': _date, ...same } = theirs
  const { 'MD5 Sum': _md5, 'Validated By': _validated, Signatures: _signatures, ...comparable } = same
  expect(Object.keys(comparable).length).toBeGreaterThan(12)
  expect(ours).toMatchObject(comparable)
})

test('its files are those of pacman', async () => {
  const { stdout } = await pacman.run('-Fl', 'libhello++')
  const theirs = stdout.split('\n').map((line) => line.replace(/^libhello\+\+ /, '/'))
  expect((await runVieter('packages', 'files', 'libhello++')).split('\n')).toEqual(theirs)
})

test('who owns a file is what pacman says', async () => {
  const { stdout } = await pacman.run('-F', '/usr/bin/hello')
  expect(stdout).toContain('lab/libhello++ 1:2.0-3')
  expect(await runVieter('--raw', 'packages', 'owns', '/usr/bin/hello')).toBe(
    `lab\t${architecture}\tlibhello++\t1:2.0-3\t/usr/bin/hello\n`,
  )
  const named = await runVieter('--raw', 'packages', 'owns', 'hello')
  expect(named.trim().split('\n')).toEqual([
    `lab\t${architecture}\tgreeter-docs\t1:2.0-3\t/usr/share/doc/greeter/hello`,
    `lab\t${architecture}\tlibhello++\t1:2.0-3\t/usr/bin/hello`,
  ])
})

test('it is found by its words, its pkgbase, and what it provides', async () => {
  const listed = async (...words: string[]) =>
    (await runVieter('--raw', 'packages', ...words)).split('\n').map((line) => line.split('\t')[2])
  expect(await listed('search', 'WORLD', 'hello')).toEqual(['libhello++', undefined])
  expect(await listed('list', '--base', 'greeter')).toEqual(['greeter-docs', 'libhello++', undefined])
  expect(await listed('list', '--provides', 'hello')).toEqual(['libhello++', undefined])
})

test('what it says beyond its entry is kept', async () => {
  const info = await ask<PackageInfo>(place)
  expect(info.backup).toEqual(['etc/hello.conf'])
  expect(info.makedepends).toEqual(['make'])
  expect(info.packager).toBe('Laboratory <lab@example.org>')
})

test('how it was built, what it installs, its script and its changes are read from it', async () => {
  const build = await ask<BuildInformation>(`${place}/build-information`)
  expect(build).toMatchObject({ name: 'libhello++', base: 'greeter', version: '1:2.0-3' })
  expect(build.pkgbuild_sha256).toMatch(/^[0-9a-f]{64}$/)
  expect(build.options).toContain('strip')
  const entries = await ask<MtreeEntry[]>(`${place}/mtree`)
  expect(entries.find(({ path }) => path === 'usr/bin/hello')).toMatchObject({
    type: 'file',
    mode: 0o755,
    uid: 0,
    size: 0,
  })
  expect(entries.find(({ path }) => path === 'usr/bin/hi there')).toMatchObject({
    type: 'symlink',
    linkname: 'hello',
  })
  expect(await (await fetch(`${server.address}${place}/install`)).text()).toBe(script)
  expect(await (await fetch(`${server.address}${place}/changelog`)).text()).toBe(changes)
  const shown = fieldsOf(await runVieter('packages', 'info', 'libhello++', '--build'))
  expect(shown['PKGBUILD Sum']).toBe(build.pkgbuild_sha256)
})
