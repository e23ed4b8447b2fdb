import type { Store } from './open-store.ts'
import type { PublicationRow } from './tables.ts'

/** Opens a publication; returns its id. */
export async function addPublication(
  store: Store,
  publication: Pick<PublicationRow, 'repo' | 'opened_at' | 'expires_at'>,
): Promise<number> {
  const { id } = await store
    .insertInto('publications')
    .values({ ...publication, result: '' })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

export async function findPublication(store: Store, id: number): Promise<PublicationRow | undefined> {
  return store.selectFrom('publications').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function editPublication(
  store: Store,
  id: number,
  changes: Partial<Pick<PublicationRow, 'expires_at' | 'result'>>,
): Promise<void> {
  await store.updateTable('publications').set(changes).where('id', '=', id).execute()
}

export async function deletePublication(store: Store, id: number): Promise<void> {
  await store.deleteFrom('publications').where('id', '=', id).execute()
}

/** The ids of the publications that expired before a time. */
export async function findExpiredPublications(store: Store, before: number): Promise<number[]> {
  const rows = await store.selectFrom('publications').select('id').where('expires_at', '<', before).execute()
  return rows.map(({ id }) => id)
}
