import type { ReadToken } from '@vieter/api'
import type { Store } from './open-store.ts'

/** The hashes (lower-case hex) of the tokens that open repositories, with the names of the repositories. */
export async function findTokenHashes(store: Store): Promise<{ repository: string; hash: string }[]> {
  return store
    .selectFrom('read_tokens')
    .innerJoin('repositories', 'repositories.id', 'read_tokens.repository_id')
    .select(['repositories.name as repository', 'token_hash as hash'])
    .execute()
}

export async function findReadTokens(store: Store, repositoryId: number): Promise<ReadToken[]> {
  return store
    .selectFrom('read_tokens')
    .select(['id', 'name', 'created_at'])
    .where('repository_id', '=', repositoryId)
    .orderBy('id')
    .execute()
}

interface NewToken {
  name: string
  /** Lower-case hex. */
  hash: string
  /** UTC epoch seconds. */
  createdAt: number
}

/** Adds a token and returns its number; undefined when the repository has one of this name. */
export async function addReadToken(
  store: Store,
  repositoryId: number,
  { name, hash, createdAt }: NewToken,
): Promise<number | undefined> {
  const row = await store
    .insertInto('read_tokens')
    .values({ repository_id: repositoryId, name, token_hash: hash, created_at: createdAt })
    .onConflict((conflict) => conflict.columns(['repository_id', 'name']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return row?.id
}

/** Removes a token; returns whether there was one. */
export async function removeReadToken(store: Store, repositoryId: number, id: number): Promise<boolean> {
  const rows = await store
    .deleteFrom('read_tokens')
    .where('repository_id', '=', repositoryId)
    .where('id', '=', id)
    .returning('id')
    .execute()
  return rows.length > 0
}
