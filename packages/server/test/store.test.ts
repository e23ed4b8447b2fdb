import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { lockDataFolder } from '../src/store/data-lock.ts'
import { openReader, openStore } from '../src/store/open-store.ts'
import { findStagedPackages } from '../src/store/staged-packages.ts'
import { temporaryFolder } from './support/folders.ts'
import { makeOlderStore } from './support/older-store.ts'

const asker = fileURLToPath(new URL('./support/lock-asker.ts', import.meta.url))

function newPath(): string {
  return join(temporaryFolder(onTestFinished), 'store.sqlite')
}

/** The schema as SQLite tells it. */
function schemaOf(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database.prepare(
    "select sql from sqlite_schema where name not like '%kysely%' and sql is not null order by name",
  )
  const texts = rows.all().map(({ sql }) => String(sql))
  database.close()
  return texts
}

describe('a new store', () => {
  test('gets the whole schema from the migrations', async () => {
    const path = newPath()
    const store = await openStore(path)
    await store.destroy()
    expect(schemaOf(path)).toMatchSnapshot()
  })

  test('keeps what it holds when it is opened again', async () => {
    const path = newPath()
    const first = await openStore(path)
    await first.insertInto('repositories').values({ name: 'r', visible: 1 }).execute()
    await first.destroy()
    const second = await openStore(path)
    expect(await second.selectFrom('repositories').selectAll().execute()).toEqual([
      { id: 1, name: 'r', visible: 1 },
    ])
    await second.destroy()
  })

  test('writes ahead, syncs each commit, and enforces references', async () => {
    const store = await openStore(newPath())
    const pragma = async (name: string) => {
      const { sql } = await import('kysely')
      return Object.values((await sql.raw(`pragma ${name}`).execute(store)).rows[0] ?? {})[0]
    }
    expect(await Promise.all(['journal_mode', 'synchronous', 'foreign_keys'].map(pragma))).toEqual([
      'wal',
      2,
      1,
    ])
    await expect(
      store.insertInto('entries').values({ arch_repo_id: 9, name: 'x', package_id: 9 }).execute(),
    ).rejects.toThrow(/FOREIGN KEY/)
    await store.destroy()
  })
})

describe('a store of an older version', () => {
  test('remembers what it has served so far: of each file name the bytes that came last', async () => {
    const path = newPath()
    const before = await makeOlderStore(path)
    await before.insertInto('repositories').values({ name: 'r', visible: 1 }).execute()
    const pkg = { name: 'a', version: '1-1', arch: 'any', size: 1, md5: '', signature: '', published_at: 1 }
    const rows = ['a b', 'a c', 'd e'].map((pair, index) => {
      const [filename = '', sha256 = ''] = pair.split(' ')
      return { ...pkg, repository_id: 1, filename, sha256, blob_key: pair, removed_at: index }
    })
    await before.insertInto('packages').values(rows).execute()
    await before.destroy()
    const store = await openStore(path)
    expect(await store.selectFrom('served_files').selectAll().orderBy('filename').execute()).toEqual([
      { repository_id: 1, filename: 'a', sha256: 'c' },
      { repository_id: 1, filename: 'd', sha256: 'e' },
    ])
    await store.destroy()
  })

  test('keeps packages that wait for the end of a build, and tells them their pkgbases', async () => {
    const path = newPath()
    const desc = '%FILENAME%\nf\n\n%NAME%\ntool-docs\n\n%BASE%\ntool\n\n%VERSION%\n1-1\n\n'
    const before = await makeOlderStore(path)
    const text = JSON.stringify({ name: 'tool-docs', desc, blobKey: 'k' })
    await before
      .insertInto('staged_packages')
      .values({ log_id: 3, filename: 'f', blob_key: 'k', package: text })
      .execute()
    await before.destroy()
    const store = await openStore(path)
    expect(await findStagedPackages(store, { kind: 'build', id: 3 })).toMatchObject([
      { name: 'tool-docs', base: 'tool', blobKey: 'k' },
    ])
    await store.destroy()
  })
})

describe('a store with tokens of repositories', () => {
  test('has them as tokens that read these repositories, under names that differ', async () => {
    const path = newPath()
    await (await makeOlderStore(path, '0004-policies')).destroy()
    const database = new DatabaseSync(path)
    database.exec(`
      insert into repositories (name, visible) values ('a', 1), ('b', 1);
      insert into read_tokens (repository_id, name, token_hash, created_at)
      values (1, 'laptop', 'hash 1', 7), (2, 'laptop', 'hash 2', 7);
    `)
    database.close()
    const store = await openStore(path)
    const common = { archs: '', created_at: 7, expires_at: null, last_used_at: null, revoked_at: null }
    expect(await store.selectFrom('tokens').selectAll().orderBy('id').execute()).toEqual([
      { id: 1, name: 'a/laptop', secret_hash: 'hash 1', scopes: 'read:a', ...common },
      { id: 2, name: 'b/laptop', secret_hash: 'hash 2', scopes: 'read:b', ...common },
    ])
    await store.destroy()
  })
})

describe('a data folder', () => {
  test('in use is refused, and free again once it is let go', () => {
    const folder = temporaryFolder(onTestFinished)
    const letGo = lockDataFolder(folder)
    // Locks of this kind are a process's own: another one has to ask.
    const ask = () => execFileSync(process.execPath, [asker, folder], { encoding: 'utf8' })
    expect(ask()).toBe(`DATA_IN_USE Another server uses ${folder}.`)
    letGo()
    expect(ask()).toBe('free')
  })
})

describe('a store that is read while it is written', () => {
  test('shows what is committed, and lets nobody change it', async () => {
    const path = newPath()
    const store = await openStore(path)
    const reader = await openReader(path)
    await store.transaction().execute(async (trx) => {
      await trx.insertInto('repositories').values({ name: 'r', visible: 1 }).execute()
      expect(await reader.selectFrom('repositories').selectAll().execute()).toEqual([])
    })
    expect(await reader.selectFrom('repositories').select('name').execute()).toEqual([{ name: 'r' }])
    await expect(reader.deleteFrom('repositories').execute()).rejects.toThrow(/readonly/)
    await reader.destroy()
    await store.destroy()
  })

  test('is refused as long as no server of this version has brought it up to date', async () => {
    const path = newPath()
    await (await openStore(path)).destroy()
    const database = new DatabaseSync(path)
    database.exec("delete from kysely_migration where name = '0002-segments'")
    database.close()
    await expect(openReader(path)).rejects.toMatchObject({ code: 'DATA_TOO_OLD' })
  })
})

describe('a store that is not for this program', () => {
  test('written by a newer Vieter is refused, and left as it is', async () => {
    const path = newPath()
    await (await openStore(path)).destroy()
    const database = new DatabaseSync(path)
    database.exec("insert into kysely_migration (name, timestamp) values ('0099-later', '2030')")
    database.close()
    const before = schemaOf(path)
    await expect(openStore(path)).rejects.toMatchObject({
      code: 'DATA_TOO_NEW',
      message: 'The data was written by a newer Vieter: it knows the migrations 0099-later.',
    })
    expect(schemaOf(path)).toEqual(before)
  })

  test('that is no SQLite file is refused, and not overwritten', async () => {
    const path = newPath()
    writeFileSync(path, 'my diary\n'.repeat(500))
    await expect(openStore(path)).rejects.toThrow(/not a database/)
  })
})
