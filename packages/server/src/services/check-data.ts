import type { Finding } from '../domain/finding.ts'
import { findEntryFaults, findForgottenPackages } from '../store/entry-faults.ts'
import { findStoreFaults } from '../store/integrity.ts'
import type { Store } from '../store/open-store.ts'
import { checkDatabases } from './check-databases.ts'
import { checkPackages } from './check-packages.ts'

type Parts = Parameters<typeof checkPackages>[0] & Parameters<typeof checkDatabases>[0]
type Options = Parameters<typeof checkPackages>[1]

/**
 * Looks for everything that is not as it should be: the store's own file, rows that contradict each other, packages
 * without their blobs or the reverse, databases that are not what the rows say. Changes nothing, and may run beside a
 * server. Fast, it reads neither packages nor databases.
 */
export async function checkData(parts: Parts, options: Options): Promise<Finding[]> {
  const rows = await parts.snapshots((store) => checkRows(store, options))
  return [...rows, ...(await checkDatabases(parts, options)), ...(await checkPackages(parts, options))]
}

async function checkRows(store: Store, { fast, onProgress }: Options): Promise<Finding[]> {
  if (!fast) onProgress('reading the store', 0, 1)
  const faults = fast ? [] : await findStoreFaults(store)
  return [
    ...faults.map((what): Finding => ({ kind: 'store', where: 'store.sqlite', what, repairable: false })),
    ...(await findEntryFaults(store)),
    ...(await findForgottenPackages(store)),
  ]
}
