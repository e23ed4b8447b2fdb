import { policyNames } from '@vieter/api'
import type { OwnPolicies } from '../domain/policies.ts'
import type { Store, StoreTransaction } from './open-store.ts'

/** The policies that repositories have of their own, by the names of the repositories, removed ones included. */
export async function findPolicies(store: Store): Promise<Map<string, OwnPolicies>> {
  const rows = await store
    .selectFrom('repository_policies')
    .innerJoin('repositories', 'repositories.id', 'repository_policies.repository_id')
    .select('repositories.name as repository')
    .select(policyNames)
    .execute()
  return new Map(rows.map(({ repository, ...values }) => [repository, withoutNulls(values)]))
}

function withoutNulls(values: Record<string, string | null>): OwnPolicies {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

/** Sets the policies that a repository has of its own. */
export async function savePolicies(
  trx: StoreTransaction,
  repositoryId: number,
  own: OwnPolicies,
): Promise<void> {
  const values = Object.fromEntries(policyNames.map((name) => [name, own[name] ?? null])) as Record<
    (typeof policyNames)[number],
    string | null
  >
  await trx
    .insertInto('repository_policies')
    .values({ repository_id: repositoryId, ...values })
    .onConflict((conflict) => conflict.column('repository_id').doUpdateSet(values))
    .execute()
}
