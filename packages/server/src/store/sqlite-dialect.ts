import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { SqliteResult } from './sqlite.ts'

/** Something that runs statements of SQLite: a connection here, or one on another thread. */
interface SqliteExecutor {
  execute(sql: string, parameters: readonly unknown[]): SqliteResult | Promise<SqliteResult>
  close(): void | Promise<void>
}

/** Kysely's SQLite over any executor. Kysely itself lets one transaction run at a time. */
export function sqliteDialect(executor: SqliteExecutor): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createDriver: () => driverOf(executor),
  }
}

function driverOf(executor: SqliteExecutor): Driver {
  const connection = connectionOf(executor)
  const run = async (sql: string) => {
    await connection.executeQuery(CompiledQuery.raw(sql))
  }
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: () => run('begin immediate'),
    commitTransaction: () => run('commit'),
    rollbackTransaction: () => run('rollback'),
    releaseConnection: async () => {},
    destroy: async () => executor.close(),
  }
}

function connectionOf(executor: SqliteExecutor): DatabaseConnection {
  return {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const { rows, changes, insertId } = await executor.execute(sql, parameters)
      return {
        rows: rows as R[],
        ...(insertId === undefined ? {} : { insertId: BigInt(insertId) }),
        ...(changes === undefined ? {} : { numAffectedRows: BigInt(changes) }),
      }
    },
    streamQuery() {
      throw new Error('The SQL store reads in pages, not in streams.')
    },
  }
}
