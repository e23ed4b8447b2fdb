import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { verifyDatabases } from '../src/services/verify-databases.ts'
import { checkDataFolder, type ReportedFinding } from '../src/tools.ts'
import { makeContext } from './support/context.ts'
import { filesIn, sha256, temporaryFolder } from './support/folders.ts'
import { entriesOf, packageArchive } from './support/packages.ts'
import { startServer } from './support/server.ts'
import { settingsIn } from './support/settings.ts'
import { spawnServer } from './support/spawned-server.ts'

interface Options {
  fast?: boolean
  repair?: boolean
}

function check(folder: string, { fast = false, repair = false }: Options = {}): Promise<ReportedFinding[]> {
  return checkDataFolder(settingsIn(folder), { fast, repair, onProgress: () => {} })
}

async function kindsIn(folder: string, options: Options = {}): Promise<string[]> {
  return (await check(folder, options)).map(({ kind, where }) => `${kind} ${where.split(' ')[1] ?? where}`)
}

/** The data folder of a server that has stopped: some packages of two architectures, one replaced, one removed. */
async function makeData(): Promise<string> {
  const server = await startServer()
  for (const name of ['a', 'b', 'c', 'gone']) await server.publish('repo', packageArchive({ name }))
  await server.publish('repo', packageArchive({ name: 'shared', arch: 'any' }))
  await server.publish('repo', packageArchive({ name: 'a', version: '2.0-1' }))
  await server.publish('repo', packageArchive({ name: 'd', arch: 'aarch64' }))
  await server.request('DELETE', '/repo/x86_64/gone')
  await server.app.stop()
  return server.folder
}

function changeStore(folder: string, statement: string): void {
  const store = new DatabaseSync(join(folder, 'store.sqlite'))
  store.exec('pragma foreign_keys = off')
  store.exec(statement)
  store.close()
}

function pathOfPackage(folder: string, name: string): string {
  const store = new DatabaseSync(join(folder, 'store.sqlite'), { readOnly: true })
  const row = store.prepare('select blob_key from packages where name = ? order by id desc').get(name)
  store.close()
  return join(folder, 'packages', String(row?.blob_key))
}

function packsIn(folder: string): string[] {
  const databases = join(folder, 'databases')
  return filesIn(databases).map((path) => join(databases, path))
}

async function entriesServedFrom(folder: string, arch = 'x86_64'): Promise<string[]> {
  const server = await startServer({ folder })
  const entries = await entriesOf(await fetch(`${server.url}/repo/${arch}/repo.db`))
  await server.app.stop()
  return entries
}

test('data that a server has left behind is clean', async () => {
  const folder = await makeData()
  expect(await check(folder)).toEqual([])
  expect(await check(folder, { fast: true })).toEqual([])
})

test('a folder without data is refused', async () => {
  await expect(check(temporaryFolder(onTestFinished))).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' })
})

test('a check changes nothing', async () => {
  const folder = await makeData()
  writeFileSync(pathOfPackage(folder, 'b'), 'x')
  const before = filesIn(folder).map((path) => [path, sha256(readFileSync(join(folder, path)))])
  await check(folder)
  const after = filesIn(folder).map((path) => [path, sha256(readFileSync(join(folder, path)))])
  const stored = ([path = '']: string[]) => !/-(wal|shm)$/.test(path)
  expect(after.filter(stored)).toEqual(before.filter(stored))
})

describe('a package', () => {
  test('without its file is found, also fast, and removed by a repair', async () => {
    const folder = await makeData()
    rmSync(pathOfPackage(folder, 'b'))
    const finding = 'missing-blob b-1.0-1-x86_64.pkg.tar.zst'
    expect(await kindsIn(folder, { fast: true })).toEqual([finding])
    expect(await kindsIn(folder)).toEqual([finding])
    expect(await check(folder, { repair: true })).toMatchObject([{ repaired: true }])
    expect(await check(folder)).toEqual([])
    expect(await entriesServedFrom(folder)).toEqual(['a-2.0-1', 'c-1.0-1', 'shared-1.0-1'])
  })

  test('with a shorter file is found, also fast', async () => {
    const folder = await makeData()
    truncateSync(pathOfPackage(folder, 'b'), 10)
    expect(await kindsIn(folder, { fast: true })).toEqual(['damaged-blob b-1.0-1-x86_64.pkg.tar.zst'])
  })

  test('with one wrong byte is found, and its file set aside by a repair, in every architecture', async () => {
    const folder = await makeData()
    const path = pathOfPackage(folder, 'shared')
    const bytes = readFileSync(path)
    bytes[40] = (bytes[40] ?? 0) ^ 1
    writeFileSync(path, bytes)
    expect(await check(folder, { fast: true })).toEqual([])
    expect(await kindsIn(folder)).toEqual(['damaged-blob shared-1.0-1-any.pkg.tar.zst'])
    expect(await check(folder, { repair: true })).toMatchObject([{ repaired: true }])
    expect(await check(folder)).toEqual([])
    const [aside = ''] = readdirSync(join(folder, 'damaged'))
    expect(aside).toMatch(/^shared-1\.0-1-any\.pkg\.tar\.zst\./)
    expect(readFileSync(join(folder, 'damaged', aside)).equals(bytes)).toBe(true)
    expect(await entriesServedFrom(folder, 'aarch64')).toEqual(['d-1.0-1'])
    expect(await entriesServedFrom(folder)).toEqual(['a-2.0-1', 'b-1.0-1', 'c-1.0-1'])
  })

  test('that was lost can be published again after a repair', async () => {
    const folder = await makeData()
    rmSync(pathOfPackage(folder, 'b'))
    await check(folder, { repair: true })
    const server = await startServer({ folder })
    expect((await server.publish('repo', packageArchive({ name: 'b' }))).status).toBe(200)
    await server.app.stop()
    expect(await check(folder)).toEqual([])
  })

  test('that no database holds, and that was not removed either, is found and gets its grace period', async () => {
    const folder = await makeData()
    changeStore(folder, "update packages set removed_at = null where name = 'gone'")
    expect(await kindsIn(folder, { fast: true })).toEqual(['package gone-1.0-1-x86_64.pkg.tar.zst'])
    await check(folder, { repair: true })
    expect(await check(folder)).toEqual([])
  })
})

describe('a file that no row speaks of', () => {
  test('is found and deleted by a repair; strangers’ files are left alone', async () => {
    const folder = await makeData()
    const path = join(folder, 'packages', 'ab')
    const blob = join(path, 'f'.repeat(32))
    changeFolder(path, () => writeFileSync(blob, 'x'))
    writeFileSync(join(folder, 'packages', 'README'), 'mine')
    expect((await check(folder, { fast: true })).map(({ kind, where }) => [kind, where])).toEqual([
      ['unknown-blob', `ab/${'f'.repeat(32)}`],
    ])
    await check(folder, { repair: true })
    expect(existsSync(blob)).toBe(false)
    expect(existsSync(join(folder, 'packages', 'README'))).toBe(true)
  })
})

describe('databases', () => {
  const faults: Record<string, (folder: string) => void> = {
    'a pack that is missing': (folder) => packsIn(folder).forEach((path) => void rmSync(path)),
    'a pack that is too short': (folder) => packsIn(folder).forEach((path) => void truncateSync(path, 100)),
  }

  test.for(Object.entries(faults))('%s: found fast, written anew by a repair', async ([, damage]) => {
    const folder = await makeData()
    damage(folder)
    expect(await kindsIn(folder, { fast: true })).toEqual(['database repo/aarch64', 'database repo/x86_64'])
    expect(await check(folder, { repair: true })).toMatchObject([{ repaired: true }, { repaired: true }])
    expect(await check(folder)).toEqual([])
  })

  const hidden: Record<string, [change: string | ((folder: string) => void), what: RegExp]> = {
    'damaged bytes': [
      (folder) =>
        packsIn(folder).forEach((path) => void writeFileSync(path, Buffer.alloc(statSync(path).size, 7))),
      /the segment of \S+ is damaged/,
    ],
    'another desc than the row’s': [
      'update package_texts set "desc" = replace("desc", \'%ISIZE%\n3\', \'%ISIZE%\n4\') where package_id = 2',
      /db, the segment of a: b has another desc than its row/,
    ],
    'other files than the row’s': [
      "update package_texts set files = '%FILES%\nusr/other\n' where package_id = 2",
      /files, the segment of a: b has other files than its row/,
    ],
    'an entry without a row': [
      "delete from entries where name = 'b'; update packages set removed_at = 1 where name = 'b'",
      /the segment of a: b is in no row/,
    ],
    'a row without an entry': [
      "update packages set removed_at = null where name = 'gone'; insert into entries select 1, 'gone', id from packages where name = 'gone'",
      /the segment of a: gone is missing/,
    ],
    'no segments at all': ['delete from segments', /the databases are empty, but the rows are not/],
    'a wrong sum': ['update segments set crc32 = 1', /the segment of \S+ is damaged/],
    'a segment under another name': [
      "update segments set first_name = '0' where first_name = 'a'",
      /the segment of 0: a stands first/,
    ],
  }

  test.for(Object.entries(hidden))(
    '%s: found when read, written anew by a repair',
    async ([, [change, what]]) => {
      const folder = await makeData()
      if (typeof change === 'string') changeStore(folder, change)
      else change(folder)
      expect(await check(folder, { fast: true })).toEqual([])
      const found = await check(folder)
      expect(found[0]?.what).toMatch(what)
      expect(found.every(({ kind }) => kind === 'database')).toBe(true)
      expect((await check(folder, { repair: true })).every(({ repaired }) => repaired)).toBe(true)
      expect(await check(folder)).toEqual([])
    },
  )

  test('an entry whose package is gone: found fast, taken out by a repair', async () => {
    const folder = await makeData()
    const path = pathOfPackage(folder, 'c')
    changeStore(folder, "delete from packages where name = 'c'")
    rmSync(path)
    expect(await kindsIn(folder, { fast: true })).toEqual(['entry c'])
    await check(folder, { repair: true })
    expect(await check(folder)).toEqual([])
    expect(await entriesServedFrom(folder)).toEqual(['a-2.0-1', 'b-1.0-1', 'shared-1.0-1'])
  })

  test('a repair makes a new generation with a later date', async () => {
    const folder = await makeData()
    const facts = () => {
      const store = new DatabaseSync(join(folder, 'store.sqlite'), { readOnly: true })
      const row = store
        .prepare("select generation, last_modified from arch_repos where arch = 'x86_64'")
        .get()
      store.close()
      return { generation: Number(row?.generation), date: Number(row?.last_modified) }
    }
    const before = facts()
    changeStore(folder, 'update segments set crc32 = 1')
    await check(folder, { repair: true })
    expect(facts().generation).toBe(before.generation + 1)
    expect(facts().date).toBeGreaterThan(before.date)
  })
})

describe('while a server runs', () => {
  test('a repair is refused; a check of what is published all the time finds nothing', async () => {
    const server = await spawnServer({ environment: { VIETER_KEEP_DAYS: '0' } })
    const acknowledged: string[] = []
    let isOver = false
    async function publisher(number: number): Promise<void> {
      for (let i = 0; !isOver; i++) {
        const name = `p${number}-${i % 10}`
        const archive = packageArchive({ name, version: `${i}-1` })
        if ((await server.publish('repo', archive)).ok) acknowledged.push(name)
      }
    }
    const publishers = Promise.all([0, 1, 2, 3].map(publisher))
    await server.publish('repo', packageArchive())
    for (let i = 0; i < 3; i++) expect(await check(server.folder, { fast: i === 1 })).toEqual([])
    await expect(check(server.folder, { repair: true })).rejects.toMatchObject({ code: 'DATA_IN_USE' })
    isOver = true
    await publishers
    expect(acknowledged.length).toBeGreaterThan(0)
    expect(await check(server.folder)).toEqual([])
  })

  test('what is really wrong is found all the same', async () => {
    const server = await spawnServer()
    await server.publish('repo', packageArchive())
    rmSync(pathOfPackage(server.folder, 'hello'))
    packsIn(server.folder).forEach((path) => void truncateSync(path, 50))
    expect((await check(server.folder)).map(({ kind }) => kind)).toEqual(['database', 'missing-blob'])
  })
})

describe('a server that starts', () => {
  test('deletes files that a killed one left before it wrote their rows', async () => {
    const folder = await makeData()
    changeFolder(join(folder, 'packages', 'ab'), (path) => writeFileSync(join(path, 'f'.repeat(32)), 'x'))
    const server = await startServer({ folder })
    expect(server.log).toMatchObject([{ level: 40, count: 1 }])
    expect(await check(folder)).toEqual([])
  })

  test('tells of packages without their files, and serves the others', async () => {
    const folder = await makeData()
    rmSync(pathOfPackage(folder, 'b'))
    const server = await startServer({ folder })
    expect(server.log).toMatchObject([{ level: 50, packages: ['repo b-1.0-1-x86_64.pkg.tar.zst'] }])
    expect(String(server.log[0]?.msg)).toContain('vieter check --repair')
    expect((await fetch(`${server.url}/repo/x86_64/c-1.0-1-x86_64.pkg.tar.zst`)).status).toBe(200)
  })
})

describe('the daily look at the databases', () => {
  test('leaves those alone that are as they should be, and writes the others anew', async () => {
    const context = await makeContext()
    const publish = (arch: string) =>
      context.commits.submit('repo', { kind: 'publish', packages: [storedPackage(arch)], replace: false })
    await publish('x86_64')
    await publish('aarch64')
    await verifyDatabases(context)
    expect(context.archRepos.all().map(({ current }) => current.number)).toEqual([1, 1])
    const [damaged] = context.archRepos.all()
    const pack = join(context.folder, 'databases', String(damaged?.id), '1.pack')
    writeFileSync(pack, Buffer.alloc(statSync(pack).size))
    await verifyDatabases(context)
    expect(context.archRepos.all().map(({ current }) => current.number)).toEqual([2, 1])
    await verifyDatabases(context)
    expect(context.archRepos.all().map(({ current }) => current.number)).toEqual([2, 1])
  })
})

function storedPackage(arch: string) {
  const filename = `hello-1.0-1-${arch}.pkg.tar.zst`
  const hash = 'a'.repeat(64)
  const lines = { FILENAME: filename, NAME: 'hello', VERSION: '1.0-1', SHA256SUM: hash, ARCH: arch }
  return {
    name: 'hello',
    base: 'hello',
    version: '1.0-1',
    arch,
    filename,
    size: 1,
    sha256: hash,
    md5: '',
    signature: '',
    blobKey: `aa/${arch.padEnd(32, '0')}`,
    desc: Object.entries(lines)
      .map(([name, value]) => `%${name}%\n${value}\n\n`)
      .join(''),
    files: '%FILES%\nusr/\n',
    replaces: [],
    isDebug: false,
  }
}

function changeFolder(path: string, change: (path: string) => void): void {
  mkdirSync(path, { recursive: true })
  change(path)
}
