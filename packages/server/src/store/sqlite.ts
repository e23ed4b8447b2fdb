import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { SqliteDatabase } from 'kysely'

/**
 * Opens an SQLite file for Kysely: write-ahead log, every commit synced to disk, foreign keys enforced, and locked for
 * this process alone until it closes or dies. Throws node:sqlite's error when another process holds it.
 */
export function openSqlite(path: string): SqliteDatabase {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec(`
      pragma locking_mode = exclusive;
      pragma journal_mode = wal;
      pragma synchronous = full;
      pragma foreign_keys = on;
      begin immediate; commit;
    `)
  } catch (fault) {
    database.close()
    throw fault
  }
  return {
    close: () => database.close(),
    prepare: (sql) => prepare(database, sql),
  }
}

function prepare(database: DatabaseSync, sql: string): ReturnType<SqliteDatabase['prepare']> {
  const statement = database.prepare(sql)
  // A full disk, among others, has SQLite roll back by itself (lang_transaction.html, "Response To Errors"): to do it
  // once more would fail, and hide what had failed.
  const isSpare = sql === 'rollback' && !database.isTransaction
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters) =>
      isSpare ? { changes: 0, lastInsertRowid: 0 } : statement.run(...(parameters as SQLInputValue[])),
    iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
  }
}
