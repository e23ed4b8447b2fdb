import type { Store, StoreTransaction } from './open-store.ts'
import { takePackages } from './retention.ts'

/** The entries that a package has: the architectures of the visible arch-repos, and the names. */
export async function findEntriesOf(
  store: Store,
  packageId: number,
): Promise<{ arch: string; name: string }[]> {
  return store
    .selectFrom('entries')
    .innerJoin('arch_repos', 'arch_repos.id', 'entries.arch_repo_id')
    .select(['arch', 'entries.name as name'])
    .where('package_id', '=', packageId)
    .where('arch_repos.visible', '=', 1)
    .execute()
}

/** Forgets a package with whatever entries it has left. */
export async function forgetPackage(trx: StoreTransaction, packageId: number): Promise<void> {
  await trx.deleteFrom('entries').where('package_id', '=', packageId).execute()
  await takePackages(trx, [packageId])
}

export async function forgetStagedPackage(store: Store, id: number): Promise<void> {
  await store.deleteFrom('staged_packages').where('id', '=', id).execute()
}

/** Begins the grace period of a package. */
export async function markPackageRemoved(store: Store, packageId: number, now: number): Promise<void> {
  await store.updateTable('packages').set({ removed_at: now }).where('id', '=', packageId).execute()
}
