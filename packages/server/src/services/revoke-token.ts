import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import { markRevoked } from '../store/tokens.ts'

/** Revokes a token; when this resolves it is good for nothing any more. Throws TOKEN_NOT_FOUND. */
export async function revokeToken(
  { store, tokens, clock }: Pick<Context, 'store' | 'tokens' | 'clock'>,
  name: string,
): Promise<void> {
  if (!(await markRevoked(store, name, clock()))) throw new AppError('TOKEN_NOT_FOUND')
  await tokens.reload()
}
