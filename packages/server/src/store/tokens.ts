import type { Selectable } from 'kysely'
import type { Store } from './open-store.ts'
import type { TokensTable } from './tables.ts'

export type TokenRow = Selectable<TokensTable>

/** All tokens, those included that have expired or were revoked. */
export async function findTokens(store: Store): Promise<TokenRow[]> {
  return store.selectFrom('tokens').selectAll().orderBy('name').orderBy('id').execute()
}

interface NewToken {
  name: string
  /** Lower-case hex. */
  hash: string
  scopes: readonly string[]
  archs: readonly string[]
  createdAt: number
  expiresAt: number | null
}

/** Adds a token and returns its number; undefined when there is one of this name that is not revoked. */
export async function insertToken(
  store: Store,
  { name, hash, scopes, archs, createdAt, expiresAt }: NewToken,
): Promise<number | undefined> {
  const row = await store
    .insertInto('tokens')
    .values({
      name,
      secret_hash: hash,
      scopes: scopes.join(','),
      archs: archs.join(','),
      created_at: createdAt,
      expires_at: expiresAt,
      last_used_at: null,
      revoked_at: null,
    })
    .onConflict((conflict) => conflict.column('name').where('revoked_at', 'is', null).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Marks a token as revoked; returns whether there was one of this name. */
export async function markRevoked(store: Store, name: string, now: number): Promise<boolean> {
  const rows = await store
    .updateTable('tokens')
    .set({ revoked_at: now })
    .where('name', '=', name)
    .where('revoked_at', 'is', null)
    .returning('id')
    .execute()
  return rows.length > 0
}

/** Writes when tokens, by their numbers, were used last. */
export async function updateLastUses(store: Store, uses: ReadonlyMap<number, number>): Promise<void> {
  await store.transaction().execute(async (trx) => {
    for (const [id, last_used_at] of uses)
      await trx.updateTable('tokens').set({ last_used_at }).where('id', '=', id).execute()
  })
}
