import { join } from 'node:path'

interface BackupPaths {
  /** The SQL store, without what databases are made from. */
  store: string
  packages: string
  logs: string
  apiKey: string
  /** What makes a folder a backup: its format and when it was begun, as JSON. */
  mark: string
}

/** Counts up when a backup comes to hold other things. */
export const backupFormat = 1

/** Where things lie in a backup. */
export function backupPaths(folder: string): BackupPaths {
  return {
    store: join(folder, 'store.sqlite'),
    packages: join(folder, 'packages'),
    logs: join(folder, 'logs'),
    apiKey: join(folder, 'api-key'),
    mark: join(folder, 'backup.json'),
  }
}
