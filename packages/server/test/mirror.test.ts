import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { readDatabase } from '@vieter/alpm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { exportDataFolder } from '../src/tools.ts'
import { temporaryFolder } from './support/folders.ts'
import { packageArchive } from './support/packages.ts'
import { startServer } from './support/server.ts'
import { settingsIn } from './support/settings.ts'
import { spawnServer } from './support/spawned-server.ts'

function exportTo(dataFolder: string, folder: string, withPrivate = false): Promise<void> {
  return exportDataFolder(settingsIn(dataFolder), { folder, withPrivate, onProgress: () => {} })
}

/** A folder on another file system than the data: no hard link reaches it. */
function elsewhere(): string {
  const folder = mkdtempSync('/dev/shm/vieter-mirror-')
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'mirror')
}

function changeStore(folder: string, statement: string): void {
  const store = new DatabaseSync(join(folder, 'store.sqlite'))
  store.exec(statement)
  store.close()
}

async function entriesIn(path: string): Promise<string[]> {
  const tar = gunzipSync(readFileSync(path))
  const entries = await readDatabase(
    (async function* () {
      yield tar
    })(),
  )
  return entries.map(({ name, version }) => `${name}-${version}`)
}

const filename = 'hello-1.0-1-x86_64.pkg.tar.zst'

describe('on another file system', () => {
  test('packages are copied once, with the dates of their publishing, and linked from then on', async () => {
    const server = await startServer()
    await server.publish('repo', packageArchive())
    const publishedAt = Math.floor(Date.now() / 1000) - 1000
    changeStore(server.folder, `update packages set published_at = ${publishedAt}`)
    const mirror = elsewhere()
    const copy = join(mirror, 'repo/x86_64', filename)
    await exportTo(server.folder, mirror)
    expect(readFileSync(copy).equals(packageArchive())).toBe(true)
    expect(statSync(copy).mtimeMs).toBe(publishedAt * 1000)
    const first = statSync(copy).ino
    await exportTo(server.folder, mirror)
    expect(statSync(copy).ino).toBe(first)
  })

  test('another file under the same name is copied, also of the same size and published within the same second', async () => {
    const server = await startServer()
    const [one, two] = ['1', '2'].map((content) => packageArchive({ files: { 'usr/x': content } }, 'tar'))
    const mirror = elsewhere()
    const copy = join(mirror, 'repo/x86_64/hello-1.0-1-x86_64.pkg.tar')
    await server.publish('repo', one ?? Buffer.alloc(0))
    await exportTo(server.folder, mirror)
    await server.publish('repo', two ?? Buffer.alloc(0), '?replace=true')
    const second = Number(readFileSync(join(mirror, 'lastsync'), 'utf8'))
    changeStore(server.folder, `update packages set published_at = ${second}`)
    utimesSync(copy, second, second)
    await exportTo(server.folder, mirror)
    expect(readFileSync(copy).equals(two ?? Buffer.alloc(0))).toBe(true)
  })
})

describe('databases', () => {
  test('have the date of their generation, later ones a later date, and stay the same file otherwise', async () => {
    const server = await startServer()
    const mirror = join(temporaryFolder(onTestFinished), 'mirror')
    const database = join(mirror, 'repo/x86_64/repo.db')
    await server.publish('repo', packageArchive())
    await exportTo(server.folder, mirror)
    const [first] = [statSync(database)]
    const served = await fetch(`${server.url}/repo/x86_64/repo.db`)
    expect(first.mtimeMs).toBe(Date.parse(served.headers.get('last-modified') ?? ''))
    expect(readFileSync(database).equals(await served.bytes())).toBe(true)
    await exportTo(server.folder, mirror)
    expect(statSync(database).ino).toBe(first.ino)
    await server.publish('repo', packageArchive({ version: '2.0-1' }))
    changeStore(server.folder, `update arch_repos set last_modified = ${first.mtimeMs / 1000}`)
    await exportTo(server.folder, mirror)
    expect(statSync(database).mtimeMs).toBe(first.mtimeMs + 1000)
    expect(await entriesIn(database)).toEqual(['hello-2.0-1'])
  })

  test('that are damaged are not exported: what is shown stays', async () => {
    const server = await startServer()
    const mirror = join(temporaryFolder(onTestFinished), 'mirror')
    await server.publish('repo', packageArchive())
    await exportTo(server.folder, mirror)
    const tree = readlinkSync(mirror)
    changeStore(server.folder, 'update segments set crc32 = 1')
    await expect(exportTo(server.folder, mirror)).rejects.toMatchObject({ code: 'DATA_DAMAGED' })
    expect(readlinkSync(mirror)).toBe(tree)
  })
})

test('signatures lie beside their packages; packages that were removed long ago do not', async () => {
  const server = await startServer()
  const mirror = join(temporaryFolder(onTestFinished), 'mirror')
  for (const version of ['0.1-1', '0.2-1', '1.0-1']) await server.publish('repo', packageArchive({ version }))
  const signature = Buffer.from('a signature').toString('base64')
  changeStore(server.folder, `update packages set signature = '${signature}' where version = '1.0-1'`)
  changeStore(server.folder, "update packages set removed_at = 1 where version = '0.1-1'")
  await exportTo(server.folder, mirror)
  const folder = join(mirror, 'repo/x86_64')
  expect(readFileSync(join(folder, `${filename}.sig`), 'utf8')).toBe('a signature')
  expect(readdirSync(folder).filter((name) => name.startsWith('hello'))).toEqual([
    'hello-0.2-1-x86_64.pkg.tar.zst',
    filename,
    `${filename}.sig`,
  ])
})

test('while packages are published, every export is whole: each entry has its file', async () => {
  const server = await spawnServer({ environment: { VIETER_KEEP_DAYS: '0' } })
  const mirror = join(temporaryFolder(onTestFinished), 'mirror')
  let isOver = false
  async function publisher(number: number): Promise<void> {
    for (let i = 0; !isOver; i++) {
      const archive = packageArchive({ name: `p${number}`, version: `${i}-1` })
      expect((await server.publish('repo', archive)).status).toBe(200)
    }
  }
  await server.publish('repo', packageArchive())
  const publishers = Promise.all([0, 1, 2].map(publisher))
  for (let i = 0; i < 3; i++) {
    await exportTo(server.folder, mirror)
    const folder = join(mirror, 'repo/x86_64')
    const names = new Set(readdirSync(folder))
    const entries = await entriesIn(join(folder, 'repo.files'))
    expect(entries).toEqual(await entriesIn(join(folder, 'repo.db.tar.gz')))
    for (const entry of entries) expect(names).toContain(`${entry}-x86_64.pkg.tar.zst`)
  }
  isOver = true
  await publishers
  expect(readdirSync(dirname(mirror)).filter((name) => /^\.mirror\.\d+$/.test(name))).toHaveLength(2)
})

test('a private repository is exported only when that is asked for', async () => {
  const server = await startServer()
  await server.publish('open', packageArchive())
  await server.publish('closed', packageArchive())
  await server.request('PATCH', '/api/v1/repos/closed?access=token')
  const [open, whole] = [join(server.folder, 'open'), join(server.folder, 'whole')]
  await exportTo(server.folder, open)
  await exportTo(server.folder, whole, true)
  const repositoriesIn = (folder: string) =>
    readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory())
  expect([repositoriesIn(open), repositoriesIn(whole)]).toEqual([['open'], ['closed', 'open']])
})
