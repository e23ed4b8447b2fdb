import { type Answer, AppError, type contract, type ReadToken } from '@vieter/api'
import type { Context } from '../context.ts'
import { makeToken, sha256 } from '../secrets.ts'
import * as tokens from '../store/read-tokens.ts'
import { findRepository } from '../store/repositories.ts'

type Parts = Pick<Context, 'store' | 'readAccess' | 'clock'>

/** The tokens of a repository. Throws REPOSITORY_NOT_FOUND. */
export async function listReadTokens({ store }: Parts, repository: string): Promise<ReadToken[]> {
  return tokens.findReadTokens(store, await getRepositoryId(store, repository))
}

/** Makes a token that opens a repository. Throws REPOSITORY_NOT_FOUND, PARAMETER_INVALID and TOKEN_EXISTS. */
export async function addReadToken(
  { store, readAccess, clock }: Parts,
  repository: string,
  name: string,
): Promise<Answer<typeof contract.addReadToken.returns>> {
  const repositoryId = await getRepositoryId(store, repository)
  if (/[\u0000-\u001f\u007f]/.test(name))
    throw new AppError('PARAMETER_INVALID', { message: 'Parameter name must not hold control characters.' })
  const token = makeToken()
  const createdAt = clock()
  const hash = sha256(token).toString('hex')
  const id = await tokens.addReadToken(store, repositoryId, { name, hash, createdAt })
  if (id === undefined) throw new AppError('TOKEN_EXISTS')
  await readAccess.reload()
  return { id, name, created_at: createdAt, token }
}

/** Revokes a token; when this resolves it opens nothing any more. Throws TOKEN_NOT_FOUND. */
export async function removeReadToken(
  { store, readAccess }: Parts,
  repository: string,
  id: number,
): Promise<void> {
  const row = await findRepository(store, repository)
  if (!row || !(await tokens.removeReadToken(store, row.id, id))) throw new AppError('TOKEN_NOT_FOUND')
  await readAccess.reload()
}

async function getRepositoryId(store: Context['store'], repository: string): Promise<number> {
  const row = await findRepository(store, repository)
  if (row?.visible !== 1) throw new AppError('REPOSITORY_NOT_FOUND')
  return row.id
}
