import { AppError } from '@vieter/api'
import { CompiledQuery, Kysely, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from './migrations/index.ts'
import { openSqliteReadOnly } from './sqlite.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { sqliteThread } from './sqlite-thread.ts'
import type { Tables } from './tables.ts'

/** The SQL store, or a transaction on it: queries take either. */
export type Store = Kysely<Tables>
export type StoreTransaction = Transaction<Tables>

/**
 * Opens the SQL store in a file, made and brought up to date where needed. Its statements run on a thread of their own.
 * Whoever opens it holds the lock of the data folder. Throws DATA_TOO_NEW when a newer Vieter has written it.
 */
export async function openStore(path: string): Promise<Store> {
  const store = new Kysely<Tables>({ dialect: sqliteDialect(sqliteThread(path, 'writer')) })
  try {
    await migrate(store)
    return store
  } catch (fault) {
    await store.destroy()
    throw fault
  }
}

/**
 * Opens a store that exists for reading alone, on this thread: for short questions that must not wait for a commit, and
 * for other processes than the server. Throws DATA_TOO_NEW when a newer Vieter has written it, and DATA_TOO_OLD when an
 * older one has, and no server of this version has been started on it yet.
 */
export async function openReader(path: string): Promise<Store> {
  const reader = new Kysely<Tables>({ dialect: sqliteDialect(openSqliteReadOnly(path)) })
  try {
    const recorded = await checkNotNewer(reader)
    const missing = Object.keys(migrations).filter((name) => !recorded.includes(name))
    if (missing.length > 0) throw new AppError('DATA_TOO_OLD')
    return reader
  } catch (fault) {
    await reader.destroy()
    throw fault
  }
}

/** Runs a query that was put into words; whoever calls knows what its rows are. */
export async function runStatement<Row>(
  store: Store,
  { sql, parameters }: Pick<CompiledQuery, 'sql' | 'parameters'>,
): Promise<Row[]> {
  const { rows } = await store.executeQuery<Row>(CompiledQuery.raw(sql, [...parameters]))
  return rows
}

async function migrate(store: Store): Promise<void> {
  const migrator = new Migrator({ db: store, provider: { getMigrations: async () => migrations } })
  await checkNotNewer(store)
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

/** Returns the names of the migrations that the store has been through. */
async function checkNotNewer(store: Store): Promise<string[]> {
  const recorded = await recordedMigrations(store)
  const newer = recorded.filter((name) => !Object.hasOwn(migrations, name))
  if (newer.length === 0) return recorded
  throw new AppError('DATA_TOO_NEW', {
    message: `The data was written by a newer Vieter: it knows the migrations ${newer.join(', ')}.`,
  })
}

async function recordedMigrations(store: Store): Promise<string[]> {
  const tables = await store.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'kysely_migration')) return []
  const rows = await store
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
  return rows.map((row) => row.name)
}
