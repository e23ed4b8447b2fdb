import { type Compilable, Kysely } from 'kysely'
import type { PathPick } from '../domain/pick-paths.ts'
import type { Store } from './open-store.ts'
import { sqliteDialect } from './sqlite-dialect.ts'
import { type SqliteThread, sqliteThread } from './sqlite-thread.ts'
import type { Tables } from './tables.ts'

/** Lists of files with only those of their paths that were wanted. */
interface PickedPaths {
  packageId: number
  paths: string[]
}

/** What may take long to look up: it holds up neither requests nor commits. It changes nothing. */
export interface Lookups {
  store: Store
  /** Picks paths where they are read: lists of files are long. Packages without such paths are left out. */
  pickPaths(packageIds: readonly number[], pick: PathPick): Promise<PickedPaths[]>
  close(): Promise<void>
}

/** Lookups in the store of a file. Their thread is started by the first one, and again by the first after its death. */
export function createLookups(path: string): Lookups {
  let thread: SqliteThread | undefined
  const started = () => {
    if (!thread || thread.hasEnded()) thread = sqliteThread(path, 'reader')
    return thread
  }
  const store = new Kysely<Tables>({
    dialect: sqliteDialect({
      execute: (sql, parameters) => started().execute(sql, parameters),
      close: () => thread?.close(),
    }),
  })
  return {
    store,
    async pickPaths(packageIds, pick) {
      const { sql, parameters } = askForFiles(store, packageIds).compile()
      return (await started().execute(sql, parameters, pick)).rows as PickedPaths[]
    },
    close: () => store.destroy(),
  }
}

function askForFiles(store: Store, packageIds: readonly number[]): Compilable {
  return store
    .selectFrom('package_texts')
    .select(['package_id as packageId', 'files'])
    .where('package_id', 'in', packageIds)
}
