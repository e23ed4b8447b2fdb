import { contract } from '@vieter/api'
import type { Context } from '../context.ts'
import { createToken } from '../services/create-token.ts'
import { revokeToken } from '../services/revoke-token.ts'
import { answerEmpty, type Mount } from './mount.ts'

export function mountTokens(mount: Mount, context: Context): void {
  mount(contract.listTokens, async () => context.tokens.list())
  mount(contract.createToken, async ({ query }) => {
    const { name, scope, arch = [], expires_in } = query
    return createToken(context, { name, scopes: scope, archs: arch, expiresIn: expires_in })
  })
  mount(contract.revokeToken, async ({ params, reply }) => {
    await revokeToken(context, params.name)
    return answerEmpty(reply)
  })
}
