import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import { type Caller, decideAccess, type Wish } from '../domain/scopes.ts'
import { holdsLeaseFor } from '../store/jobs.ts'
import type { Store } from '../store/open-store.ts'
import { findPublication } from '../store/publications.ts'

interface AccessRequest {
  /** What was shown. */
  secret: string | undefined
  /** How to refuse who is not known. */
  unknownAs: 'UNAUTHORIZED' | 'READ_UNAUTHORIZED'
  wish: Wish
  /** The publication that it is about, and with it its repository. */
  publication?: number | undefined
}

/** Who may do what they wish. Throws UNAUTHORIZED or READ_UNAUTHORIZED for who is not known, and FORBIDDEN. */
export async function authorize(
  { tokens, reader, clock }: Pick<Context, 'tokens' | 'reader' | 'clock'>,
  { secret, unknownAs, wish, publication }: AccessRequest,
): Promise<Caller> {
  const holder = tokens.identify(secret ?? '')
  if (holder?.kind !== 'valid') throw unauthorized(unknownAs, holder?.message)
  const { caller } = holder
  const repository = wish.repository ?? (await repositoryOf(reader, publication))
  const decision = decideAccess(caller, { ...wish, repository })
  if (decision.kind === 'refused') throw new AppError('FORBIDDEN', { message: decision.message })
  if (decision.kind === 'granted' || repository === undefined || caller.tokenId === null) return caller
  if (await holdsLeaseFor(reader, { tokenId: caller.tokenId, repository, now: clock() })) return caller
  throw new AppError('FORBIDDEN', {
    message: `The token ${caller.name} reads ${repository} only while it holds a lease for it.`,
    hint: 'Agents read what they build for; `vieter tokens create NAME --scope read:REPO` makes a token that reads.',
  })
}

async function repositoryOf(reader: Store, publication: number | undefined): Promise<string | undefined> {
  if (publication === undefined || !Number.isSafeInteger(publication)) return undefined
  return (await findPublication(reader, publication))?.repo
}

function unauthorized(code: AccessRequest['unknownAs'], message: string | undefined): AppError {
  if (message !== undefined) return new AppError(code, { message })
  return new AppError(code, code === 'UNAUTHORIZED' ? { message: '401 Unauthorized' } : {})
}
