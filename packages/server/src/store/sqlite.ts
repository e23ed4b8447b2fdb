import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'

/** What a statement gave: rows of a query, or what a change did. */
export interface SqliteResult {
  rows: unknown[]
  changes?: number | bigint
  insertId?: number | bigint
}

/** An open SQLite file. */
export interface Sqlite {
  /** Runs one statement; its text is prepared once and kept. Throws node:sqlite's error. */
  execute(sql: string, parameters: readonly unknown[]): SqliteResult
  /** The rows of a query, each read when it is asked for. */
  iterate(sql: string, parameters: readonly unknown[]): Iterable<unknown>
  close(): void
}

/** Statements that are kept prepared. The texts come from the queries of this program, which are fewer. */
const maxPrepared = 300

/** The write-ahead log that SQLite copies by itself, in pages of 4 KiB; it comes to that when nobody else does it. */
const pagesBeforeCheckpoint = 8192

/** Opens a file for reading and writing: write-ahead log, every commit synced to disk, foreign keys enforced. */
export function openSqlite(path: string): Sqlite {
  const database = new DatabaseSync(path, { timeout: 10_000 })
  try {
    database.exec(`
      pragma journal_mode = wal;
      pragma synchronous = full;
      pragma foreign_keys = on;
      pragma wal_autocheckpoint = ${pagesBeforeCheckpoint};
    `)
  } catch (fault) {
    database.close()
    throw fault
  }
  return sqliteOf(database)
}

/** Opens a file for reading what is committed, whoever writes it. */
export function openSqliteReadOnly(path: string): Sqlite {
  return sqliteOf(new DatabaseSync(path, { readOnly: true, timeout: 10_000 }))
}

function sqliteOf(database: DatabaseSync): Sqlite {
  const prepared = new Map<string, StatementSync>()
  function prepare(sql: string): StatementSync {
    const statement = prepared.get(sql) ?? database.prepare(sql)
    if (!prepared.has(sql) && prepared.size < maxPrepared) prepared.set(sql, statement)
    return statement
  }
  return {
    execute(sql, parameters) {
      // A full disk, among others, has SQLite roll back by itself (lang_transaction.html, "Response To Errors"): to do
      // it once more would fail, and hide what had failed.
      if (sql === 'rollback' && !database.isTransaction) return { rows: [] }
      const statement = prepare(sql)
      const values = parameters as SQLInputValue[]
      if (statement.columns().length > 0) return { rows: statement.all(...values) }
      const { changes, lastInsertRowid } = statement.run(...values)
      return { rows: [], changes, insertId: lastInsertRowid }
    },
    iterate: (sql, parameters) => prepare(sql).iterate(...(parameters as SQLInputValue[])),
    close: () => database.close(),
  }
}
