import { contract, type Endpoint, errorTable, formatOpenapi } from '@vieter/api'
import type { Mount } from './mount.ts'
import { formatReferencePage } from './reference-page.ts'

/** The contract about itself: health, the OpenAPI document, the reference page. */
export function mountReference(mount: Mount, version: string): void {
  const endpoints: readonly Endpoint[] = Object.values(contract)
  const openapi = formatOpenapi(endpoints, version)
  mount(contract.health, async () => ({ message: 'Healthy.', data: '' }))
  mount(contract.getOpenapi, async () => openapi)
  mount(contract.getReference, async ({ reply }) => {
    reply.type('text/html; charset=utf-8')
    reply.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    return formatReferencePage(endpoints, errorTable, version)
  })
}
