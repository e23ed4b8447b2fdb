import { readFileSync } from 'node:fs'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkData } from './lab/check.ts'
import { forgePackage, type PackageFile } from './lab/forge.ts'
import { makePacmanRoot } from './lab/pacman.ts'
import { publishFile } from './lab/repository-client.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { startServer, type VieterServer, vieter } from './lab/vieter.ts'

let scratch: Scratch
let server: VieterServer

beforeAll(async () => {
  scratch = await makeScratch('backup')
  server = await startServer({ dataFolder: join(scratch.path, 'data'), settings: { VIETER_KEEP_DAYS: '0' } })
})

afterAll(async () => {
  await server.stop()
  await scratch.remove()
})

function publish(file: PackageFile): Promise<void> {
  return publishFile(server, 'lab', file)
}

function run(words: readonly string[], dataFolder = server.dataFolder) {
  return vieter(words, { settings: { VIETER_DATA_DIR: dataFolder } })
}

function packageOf(name: string, version: string): PackageFile {
  return forgePackage({ name, version, files: { [`usr/share/${name}`]: version } })
}

test('a backup made while packages are published is restored elsewhere, and clients of the old server go on with it', async () => {
  const acknowledged: PackageFile[] = []
  let isOver = false
  async function publisher(number: number): Promise<void> {
    for (let i = 0; !isOver; i++) {
      const file = packageOf(`p${number}-${i}`, '1-1')
      await publish(file)
      acknowledged.push(file)
    }
  }
  await publish(packageOf('hello', '1-1'))
  const publishers = Promise.all([0, 1, 2, 3].map(publisher))
  await publish(packageOf('hello', '2-1'))
  const before = [...acknowledged]
  const folder = join(scratch.path, 'backups/first')
  expect(await run(['backup', folder])).toMatchObject({ code: 0, stderr: '' })
  isOver = true
  await publishers
  expect(acknowledged.length).toBeGreaterThan(before.length)
  const pacman = await makePacmanRoot([{ name: 'lab', server: `${server.address}/$repo/$arch` }])
  await publish(packageOf('lost', '1-1'))
  expect(await pacman.run('-Sy')).toMatchObject({ code: 0 })
  expect((await pacman.run('-Sl')).stdout).toContain('lab lost 1-1')

  await server.stop()
  const restored = join(scratch.path, 'restored')
  expect(await run(['restore', folder], restored)).toMatchObject({ code: 0, stderr: '' })
  server = await startServer({ dataFolder: restored, port: server.port })
  await checkData(restored)
  expect(await pacman.run('-Sy')).toMatchObject({ code: 0 })
  const listed = (await pacman.run('-Sl')).stdout
  expect(listed).not.toContain('lost')
  for (const { name, version } of before) expect(listed).toContain(`lab ${name} ${version}\n`)
  expect(await pacman.run('-S', 'hello', before[0]?.name ?? 'p0-0')).toMatchObject({ code: 0 })
  expect((await pacman.run('-Q')).stdout).toContain('hello 2-1\n')
  await publish(packageOf('hello', '3-1'))
  expect(await pacman.run('-Syu')).toMatchObject({ code: 0 })
  expect((await pacman.run('-Q')).stdout).toContain('hello 3-1\n')
  await pacman.remove()
})

test('the key and the logs are in it, and what packages and backups share costs nothing', async () => {
  const first = join(scratch.path, 'backups/first')
  const second = join(scratch.path, 'backups/second')
  await writeFile(join(server.dataFolder, 'api-key'), 'key-of-the-test\n', { mode: 0o600 })
  await mkdir(join(server.dataFolder, 'logs'), { recursive: true })
  await writeFile(join(server.dataFolder, 'logs/1.log'), 'built\n')
  expect(await run(['backup', '--link', first, second])).toMatchObject({ code: 0 })
  expect(readFileSync(join(second, 'api-key'), 'utf8')).toBe('key-of-the-test\n')
  expect((await stat(join(second, 'api-key'))).mode & 0o777).toBe(0o600)
  expect(readFileSync(join(second, 'logs/1.log'), 'utf8')).toBe('built\n')
  const [group = ''] = await readdir(join(second, 'packages'))
  const [name = ''] = await readdir(join(second, 'packages', group))
  expect((await stat(join(second, 'packages', group, name))).nlink).toBeGreaterThan(1)
  expect((await readdir(second)).sort()).toEqual([
    'api-key',
    'backup.json',
    'logs',
    'packages',
    'store.sqlite',
  ])
})

test('a folder with something in it is never written to, and a damaged backup leaves nothing behind', async () => {
  const folder = join(scratch.path, 'backups/second')
  expect(await run(['backup', folder])).toMatchObject({ code: 2 })
  expect(await run(['restore', folder])).toMatchObject({ code: 2 })
  expect(await run(['restore', scratch.path], join(scratch.path, 'nowhere'))).toMatchObject({ code: 2 })
  const [group = ''] = await readdir(join(folder, 'packages'))
  const [name = ''] = await readdir(join(folder, 'packages', group))
  const path = join(folder, 'packages', group, name)
  const bytes = readFileSync(path)
  bytes[30] = (bytes[30] ?? 0) ^ 1
  // Not through the hard link: the server has the same file.
  await rm(path)
  await writeFile(path, bytes)
  const nowhere = join(scratch.path, 'nowhere')
  const refused = await run(['restore', folder], nowhere)
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(/^error: The file of .* is damaged in the backup\.\nhint: /)
  expect(await readdir(nowhere)).toEqual([])
  await checkData(server.dataFolder)
})
