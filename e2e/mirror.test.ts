import { mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './lab/eventually.ts'
import { forgePackage, type PackageFile } from './lab/forge.ts'
import { type Nginx, startNginx } from './lab/nginx.ts'
import { makePacmanRoot } from './lab/pacman.ts'
import { publishFile } from './lab/repository-client.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { spawnVieter, startServer, type VieterServer, vieter } from './lab/vieter.ts'

let scratch: Scratch
let server: VieterServer
let nginx: Nginx
let mirror: string

beforeAll(async () => {
  scratch = await makeScratch('mirror')
  mirror = join(scratch.path, 'mirror')
  server = await startServer({ dataFolder: join(scratch.path, 'data') })
  nginx = await startNginx({ server: `location / { root ${mirror}; }` })
})

afterAll(async () => {
  await nginx.stop()
  await server.stop()
  await scratch.remove()
})

function publish(file: PackageFile): Promise<void> {
  return publishFile(server, 'lab', file)
}

const settings = () => ({ VIETER_DATA_DIR: server.dataFolder })

async function exportTo(folder: string): Promise<void> {
  expect(await vieter(['mirror', 'export', folder], { settings: settings() })).toMatchObject({ code: 0 })
}

async function bytesAt(address: string): Promise<Buffer> {
  const response = await fetch(address)
  expect(response.status).toBe(200)
  return Buffer.from(await response.arrayBuffer())
}

function hello(version: string): PackageFile {
  return forgePackage({ name: 'hello', version, files: { 'usr/share/hello': version } })
}

test('pacman syncs, installs and updates from a plain web server, however soon the next export follows', async () => {
  const pacman = await makePacmanRoot([{ name: 'lab', server: `${nginx.address}/$repo/$arch` }])
  await publish(hello('0-1'))
  await exportTo(mirror)
  expect(await pacman.run('-Sy')).toMatchObject({ code: 0 })
  expect(await pacman.run('-S', 'hello')).toMatchObject({ code: 0 })
  for (const version of ['1-1', '2-1', '3-1']) {
    await publish(hello(version))
    await exportTo(mirror)
    expect(await pacman.run('-Syu')).toMatchObject({ code: 0 })
    expect((await pacman.run('-Q')).stdout).toBe(`hello ${version}\n`)
  }
  expect((await pacman.run('-Fy')).code).toBe(0)
  expect((await pacman.run('-F', 'usr/share/hello')).stdout).toContain('owned by lab/hello 3-1')
  await pacman.remove()
})

test('every file is what the server serves, also those that older databases name, and nothing else is there', async () => {
  const names = await readdir(join(mirror, 'lab/x86_64'))
  const databases = ['lab.db', 'lab.db.tar.gz', 'lab.files', 'lab.files.tar.gz']
  const packages = ['0-1', '1-1', '2-1', '3-1'].map((version) => hello(version).filename)
  expect(names.sort()).toEqual([...packages, ...databases])
  for (const name of names) {
    const path = `lab/x86_64/${name}`
    expect(await bytesAt(`${nginx.address}/${path}`)).toEqual(await bytesAt(`${server.address}/${path}`))
  }
  expect((await readdir(mirror)).sort()).toEqual(['lab', 'lastsync', 'lastupdate'])
  const times = await Promise.all(
    ['lastsync', 'lastupdate'].map((name) => readFile(join(mirror, name), 'utf8')),
  )
  for (const time of times) expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(300)
})

test('what has not changed stays the same file, and the tree before stays for who still reads it', async () => {
  const inodes = async (names: readonly string[]) =>
    Promise.all(names.map(async (name) => (await stat(join(mirror, 'lab/x86_64', name))).ino))
  const names = await readdir(join(mirror, 'lab/x86_64'))
  const [before, reading] = [await inodes(names), join(scratch.path, await readlink(mirror))]
  await exportTo(mirror)
  expect(await inodes(names)).toEqual(before)
  expect(await readdir(join(reading, 'lab/x86_64'))).toEqual(names)
  expect((await readdir(scratch.path)).filter((name) => /^\.mirror\.\d+$/.test(name))).toHaveLength(2)
})

test('killed in the middle, an export changes nothing that is seen, and the next one cleans up', async () => {
  for (let i = 0; i < 150; i += 10)
    await Promise.all(
      Array.from({ length: 10 }, (_, j) => publish(forgePackage({ name: `p${i + j}`, version: '1-1' }))),
    )
  await exportTo(mirror)
  const tree = await readlink(mirror)
  const next = join(scratch.path, `.mirror.${Number(tree.split('.')[2]) + 1}`)
  const exporting = await spawnVieter(['mirror', 'export', mirror], settings())
  await eventually('the next tree', () => stat(join(next, 'lab')).catch(() => undefined), { interval: 0 })
  exporting.signal('SIGKILL')
  await exporting.ended
  expect(await readlink(mirror)).toBe(tree)
  expect(await bytesAt(`${nginx.address}/lab/x86_64/${hello('3-1').filename}`)).toEqual(hello('3-1').bytes)
  expect(await stat(next)).toBeDefined()
  await exportTo(mirror)
  const trees = (await readdir(scratch.path)).filter((name) => /^\.mirror\.\d+$/.test(name))
  expect(trees.sort()).toEqual([tree, `.mirror.${Number(tree.split('.')[2]) + 1}`].sort())
})

test('only one export into a folder runs at a time, and a folder with something else in it is refused', async () => {
  const taken = join(scratch.path, 'taken')
  await mkdir(taken)
  await writeFile(join(taken, 'diary'), 'mine')
  const refused = await vieter(['mirror', 'export', taken], { settings: settings() })
  expect(refused).toMatchObject({ code: 2 })
  expect(refused.stderr).toMatch(/^error: .*no earlier export/)
  expect(await readdir(taken)).toEqual(['diary'])

  const both = await Promise.all(
    [0, 1].map(() => vieter(['mirror', 'export', mirror], { settings: settings() })),
  )
  const codes = both.map(({ code }) => code).sort()
  expect([
    [0, 0],
    [0, 1],
  ]).toContainEqual(codes)
  for (const { code, stderr } of both) if (code === 1) expect(stderr).toContain('Another export')
})
