import { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { PackageDetails } from '../../src/domain/package-details.ts'
import { migrations } from '../../src/store/migrations/index.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { sqliteDialect } from '../../src/store/sqlite-dialect.ts'
import type { Tables } from '../../src/store/tables.ts'

/** The tables of a store of 0002-segments, as far as they are others now. */
interface OlderTables extends Omit<Tables, 'packages' | 'staged_packages'> {
  packages: Omit<Tables['packages'], keyof PackageDetails | 'extra'>
  staged_packages: { log_id: number; filename: string; blob_key: string; package: string }
}

/** Makes a store as a Vieter had it that knew no later migration; with a later one than 0002-segments the tables are others. */
export async function makeOlderStore(path: string, last = '0002-segments'): Promise<Kysely<OlderTables>> {
  const store = new Kysely<OlderTables>({ dialect: sqliteDialect(openSqlite(path)) })
  const migrator = new Migrator({ db: store, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateTo(last)
  if (error) throw error
  return store
}
