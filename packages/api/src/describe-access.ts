import type { Endpoint } from './endpoint.ts'

/** Who may call an endpoint, for people. */
export function describeAccess({ auth, scopes }: Pick<Endpoint, 'auth' | 'scopes'>): string {
  const tokens = [...scopes, 'admin'].join(', ')
  if (auth === 'none') return 'open to all'
  if (auth === 'read') return `open to all, but for private repositories: ${tokens}`
  return auth === 'lease' ? `${tokens}, with the lease token` : tokens
}
