import { AppError } from '@vieter/api'
import { Kysely, SqliteDialect, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from './migrations/index.ts'
import { openSqlite } from './sqlite.ts'
import type { Tables } from './tables.ts'

/** The SQL store, or a transaction on it: queries take either. */
export type Store = Kysely<Tables>
export type StoreTransaction = Transaction<Tables>

/**
 * Opens the SQL store in a file, made and brought up to date where needed.
 * Throws DATA_IN_USE when another process has it open, DATA_TOO_NEW when a newer Vieter has written it.
 */
export async function openStore(path: string): Promise<Store> {
  const store = new Kysely<Tables>({ dialect: new SqliteDialect({ database: openLocked(path) }) })
  try {
    await migrate(store)
    return store
  } catch (fault) {
    await store.destroy()
    throw fault
  }
}

function openLocked(path: string): ReturnType<typeof openSqlite> {
  try {
    return openSqlite(path)
  } catch (cause) {
    if (!(cause instanceof Error) || !/locked|busy/.test(cause.message)) throw cause
    throw new AppError('DATA_IN_USE', { message: `Another server uses ${path}.`, cause })
  }
}

async function migrate(store: Store): Promise<void> {
  const migrator = new Migrator({ db: store, provider: { getMigrations: async () => migrations } })
  const newer = (await recordedMigrations(store)).filter((name) => !Object.hasOwn(migrations, name))
  if (newer.length > 0) {
    throw new AppError('DATA_TOO_NEW', {
      message: `The data was written by a newer Vieter: it knows the migrations ${newer.join(', ')}.`,
    })
  }
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
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
