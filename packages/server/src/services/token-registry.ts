import type { Token } from '@vieter/api'
import { type Caller, keyHolder, parseScope } from '../domain/scopes.ts'
import { sha256 } from '../secrets.ts'
import type { Store } from '../store/open-store.ts'
import { findTokens, type TokenRow, updateLastUses } from '../store/tokens.ts'

/** Whose secret it is; or why it is good for nothing any more. */
type Holder = { kind: 'valid'; caller: Caller } | { kind: 'ended'; message: string }

/** All tokens, in memory, since most requests ask. A secret is looked up by its SHA-256: nothing is compared with it. */
export interface TokenRegistry {
  /** Whose secret this is; undefined when it is nobody's. It counts as a use. */
  identify(secret: string): Holder | undefined
  /** Whether who was identified is still good, for those who wait. */
  isValid(caller: Caller): boolean
  /** The tokens that are not revoked, by name. */
  list(): Token[]
  /** To be called when tokens have changed. */
  reload(): Promise<void>
  /** Writes when tokens were used last, as far as that is not written yet. */
  saveUses(): Promise<void>
}

interface KnownToken {
  row: TokenRow
  caller: Caller
}

interface KnownTokens {
  byHash: ReadonlyMap<string, KnownToken>
  /** In the order of their names. */
  byId: ReadonlyMap<number, KnownToken>
}

/** `keyHash`: the SHA-256 of the API key. */
export async function openTokenRegistry(
  store: Store,
  { keyHash, clock }: { keyHash: Buffer; clock: () => number },
): Promise<TokenRegistry> {
  const key = keyHash.toString('hex')
  let known = await loadTokens(store)
  const uses = new Map<number, number>()
  const unsaved = new Map<number, number>()

  function describeEnd({ name, revoked_at, expires_at }: TokenRow): string | undefined {
    if (revoked_at !== null) return `The token ${name} was revoked.`
    return expires_at !== null && expires_at <= clock() ? `The token ${name} has expired.` : undefined
  }

  return {
    identify(secret) {
      const hash = sha256(secret).toString('hex')
      if (hash === key) return { kind: 'valid', caller: keyHolder }
      const token = known.byHash.get(hash)
      if (!token) return undefined
      const message = describeEnd(token.row)
      if (message !== undefined) return { kind: 'ended', message }
      uses.set(token.row.id, clock())
      unsaved.set(token.row.id, clock())
      return { kind: 'valid', caller: token.caller }
    },
    isValid({ tokenId }) {
      if (tokenId === null) return true
      const token = known.byId.get(tokenId)
      return token !== undefined && describeEnd(token.row) === undefined
    },
    list: () =>
      Array.from(known.byId.values())
        .filter(({ row }) => row.revoked_at === null)
        .map(({ row }) => tokenOf({ ...row, last_used_at: uses.get(row.id) ?? row.last_used_at })),
    async reload() {
      known = await loadTokens(store)
    },
    async saveUses() {
      if (unsaved.size === 0) return
      const saving = new Map(unsaved)
      unsaved.clear()
      await updateLastUses(store, saving)
    },
  }
}

async function loadTokens(store: Store): Promise<KnownTokens> {
  const tokens = (await findTokens(store)).map((row) => ({ row, caller: callerOf(row) }))
  return {
    byHash: new Map(tokens.map((token) => [token.row.secret_hash, token])),
    byId: new Map(tokens.map((token) => [token.row.id, token])),
  }
}

function callerOf(row: TokenRow): Caller {
  return {
    tokenId: row.id,
    name: row.name,
    scopes: itemsOf(row.scopes).map(parseScope),
    archs: itemsOf(row.archs),
  }
}

function tokenOf(row: TokenRow): Token {
  return {
    id: row.id,
    name: row.name,
    scopes: itemsOf(row.scopes),
    archs: itemsOf(row.archs),
    created_at: row.created_at,
    expires_at: row.expires_at ?? 0,
    last_used_at: row.last_used_at ?? 0,
  }
}

function itemsOf(text: string): string[] {
  return text === '' ? [] : text.split(',')
}
