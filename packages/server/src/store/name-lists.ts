import type { NameList } from '@vieter/api'
import { batches } from './batches.ts'
import type { Store } from './open-store.ts'

/** The lists of official names, by name. */
export async function findNameLists(store: Store): Promise<NameList[]> {
  return store
    .selectFrom('name_lists')
    .leftJoin('listed_names', 'listed_names.list_id', 'name_lists.id')
    .select(['name_lists.name as name', 'imported_at'])
    .select(({ fn }) => fn.count<number>('listed_names.name').as('names'))
    .groupBy(['name_lists.id', 'name_lists.name', 'imported_at'])
    .orderBy('name_lists.name')
    .execute()
}

/** Which of some names are official, with the list that each is in. */
export async function findListedNames(
  store: Store,
  names: readonly string[],
): Promise<{ name: string; list: string }[]> {
  const found: { name: string; list: string }[] = []
  for (const batch of batches(names)) {
    found.push(
      ...(await store
        .selectFrom('listed_names')
        .innerJoin('name_lists', 'name_lists.id', 'listed_names.list_id')
        .select(['listed_names.name as name', 'name_lists.name as list'])
        .where('listed_names.name', 'in', batch)
        .orderBy('name_lists.name')
        .execute()),
    )
  }
  return found
}

/** Puts a list in the place of an earlier one. `time` is in UTC epoch seconds. */
export async function saveNameList(
  store: Store,
  name: string,
  { names, time }: { names: readonly string[]; time: number },
): Promise<void> {
  await store.transaction().execute(async (trx) => {
    await trx.deleteFrom('name_lists').where('name', '=', name).execute()
    const { id } = await trx
      .insertInto('name_lists')
      .values({ name, imported_at: time })
      .returning('id')
      .executeTakeFirstOrThrow()
    for (const batch of batches(names)) {
      await trx
        .insertInto('listed_names')
        .values(batch.map((each) => ({ name: each, list_id: id })))
        .execute()
    }
  })
}

/** Removes a list; returns whether there was one. */
export async function removeNameList(store: Store, name: string): Promise<boolean> {
  const rows = await store.deleteFrom('name_lists').where('name', '=', name).returning('id').execute()
  return rows.length > 0
}
