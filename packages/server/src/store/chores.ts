import type { Store } from './open-store.ts'

/** When a chore comes due, in UTC epoch seconds; undefined when nobody has planned it. */
export async function findChore(store: Store, name: string): Promise<number | undefined> {
  const row = await store.selectFrom('chores').select('next_run').where('name', '=', name).executeTakeFirst()
  return row?.next_run
}

export async function planChore(store: Store, name: string, nextRun: number): Promise<void> {
  await store
    .insertInto('chores')
    .values({ name, next_run: nextRun })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ next_run: nextRun }))
    .execute()
}
