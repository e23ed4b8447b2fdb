import { join } from 'node:path'
import type { Settings } from '@vieter/config'

/** Where things lie in the data folder. */
export interface DataPaths {
  folder: string
  store: string
  packages: string
  databases: string
  logs: string
  apiKey: string
  /** Files that `vieter check --repair` took out of service. */
  damaged: string
}

export function dataPaths({ data_dir, pkg_dir }: Pick<Settings, 'data_dir' | 'pkg_dir'>): DataPaths {
  return {
    folder: data_dir,
    store: join(data_dir, 'store.sqlite'),
    packages: pkg_dir ?? join(data_dir, 'packages'),
    databases: join(data_dir, 'databases'),
    logs: join(data_dir, 'logs'),
    apiKey: join(data_dir, 'api-key'),
    damaged: join(data_dir, 'damaged'),
  }
}
