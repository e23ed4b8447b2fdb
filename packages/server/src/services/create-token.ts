import { type Answer, AppError, type contract } from '@vieter/api'
import type { Context } from '../context.ts'
import { parseArch } from '../domain/repository-name.ts'
import { formatScope, parseScope } from '../domain/scopes.ts'
import { makeToken, sha256 } from '../secrets.ts'
import { insertToken } from '../store/tokens.ts'

interface TokenInput {
  name: string
  /** As people write them. */
  scopes: readonly string[]
  archs: readonly string[]
  /** Seconds; undefined: never. */
  expiresIn?: number | undefined
}

/** Makes a token. Throws PARAMETER_INVALID, REPOSITORY_NAME_INVALID and TOKEN_EXISTS. */
export async function createToken(
  { store, tokens, clock }: Pick<Context, 'store' | 'tokens' | 'clock'>,
  input: TokenInput,
): Promise<Answer<typeof contract.createToken.returns>> {
  const { name } = input
  checkName(name)
  const scopes = [...new Set(input.scopes.map(parseScope).map(formatScope))]
  const archs = [...new Set(input.archs.map(parseArch))]
  checkArchs(scopes, archs)
  const token = makeToken()
  const createdAt = clock()
  const expiresAt = input.expiresIn === undefined ? null : createdAt + input.expiresIn
  const hash = sha256(token).toString('hex')
  const id = await insertToken(store, { name, hash, scopes, archs, createdAt, expiresAt })
  if (id === undefined) throw new AppError('TOKEN_EXISTS')
  await tokens.reload()
  return {
    id,
    name,
    scopes,
    archs,
    created_at: createdAt,
    expires_at: expiresAt ?? 0,
    last_used_at: 0,
    token,
  }
}

function checkName(name: string): void {
  // The name is a segment of a path when the token is revoked.
  if (/[\u0000-\u001f\u007f]/.test(name) || name.trim() !== name || /^\.{0,2}$/.test(name)) {
    throw new AppError('PARAMETER_INVALID', {
      message: 'Parameter name must hold no control characters, no blanks at its ends, and more than dots.',
    })
  }
}

function checkArchs(scopes: readonly string[], archs: readonly string[]): void {
  if (archs.length === 0 || scopes.some((scope) => scope.startsWith('agent'))) return
  throw new AppError('PARAMETER_INVALID', {
    message: 'Parameter arch says what an agent may build for; this token is for no agent.',
  })
}
