import { timingSafeEqual } from 'node:crypto'
import { mainRepositoryOf } from '../domain/policies.ts'
import { sha256 } from '../secrets.ts'
import type { Store } from '../store/open-store.ts'
import { findTokenHashes } from '../store/read-tokens.ts'
import type { RepositoryPolicies } from './repository-policies.ts'

/** Who may read which repository; in memory, since every request asks. */
export interface ReadAccess {
  /** Whether a repository may be read with a secret, or without one. Also of one that is not there. */
  mayRead(repository: string, secret: string | undefined): boolean
  /** To be called when tokens have changed. */
  reload(): Promise<void>
}

/** `keyHash`: the SHA-256 of the API key, which opens everything. */
export async function openReadAccess(
  store: Store,
  policies: Pick<RepositoryPolicies, 'of'>,
  keyHash: Buffer,
): Promise<ReadAccess> {
  let tokens = await loadTokens(store)
  const hashesOf = (repository: string): readonly Buffer[] => {
    const main = mainRepositoryOf(repository)
    return [...(tokens.get(repository) ?? []), ...((main !== undefined && tokens.get(main)) || [])]
  }
  return {
    mayRead(repository, secret) {
      if (policies.of(repository).access === 'public') return true
      if (secret === undefined) return false
      const hash = sha256(secret)
      return [keyHash, ...hashesOf(repository)].some((known) => timingSafeEqual(hash, known))
    },
    async reload() {
      tokens = await loadTokens(store)
    },
  }
}

async function loadTokens(store: Store): Promise<ReadonlyMap<string, readonly Buffer[]>> {
  const rows = await findTokenHashes(store)
  const grouped = Map.groupBy(rows, ({ repository }) => repository)
  return new Map(
    Array.from(grouped, ([repository, all]) => [repository, all.map(({ hash }) => Buffer.from(hash, 'hex'))]),
  )
}
