import { createHash } from 'node:crypto'
import type { Operation } from './expected-packages.ts'
import type { PackageFile } from './forge.ts'
import type { VieterServer } from './vieter.ts'

type Place = Pick<VieterServer, 'address' | 'apiKey'>

/** What a server said. */
export interface Answer {
  readonly status: number
  readonly text: string
}

/**
 * Asks for a change. A publish insists: it may replace a file of the same name, and a higher version. Throws when no answer came; one
 * whose status came counts as an answer, also when its body is cut off.
 */
export async function ask({ address, apiKey }: Place, operation: Operation): Promise<Answer> {
  const publishes = operation.kind === 'publish'
  const response = await fetch(`${address}/${pathOf(operation)}`, {
    method: publishes ? 'POST' : 'DELETE',
    headers: { 'x-api-key': apiKey },
    ...(publishes ? { body: new Uint8Array(operation.file.bytes) } : {}),
  })
  return { status: response.status, text: await response.text().catch(() => '') }
}

function pathOf(operation: Operation): string {
  const { kind, repository } = operation
  if (kind === 'publish') return `${repository}/publish?replace=true&force=true`
  if (kind === 'remove-repository') return repository
  return `${repository}/${operation.arch}${kind === 'remove-package' ? `/${operation.name}` : ''}`
}

/** Publishes a file, and replaces none. Throws with what the server said unless it took it. */
export async function publishFile(
  { address, apiKey }: Place,
  repository: string,
  file: PackageFile,
): Promise<void> {
  const response = await fetch(`${address}/${repository}/publish`, {
    method: 'POST',
    headers: { 'x-api-key': apiKey },
    body: new Uint8Array(file.bytes),
  })
  if (response.status === 200) await response.arrayBuffer()
  else throw new Error(`${file.filename}: ${response.status} ${await response.text()}`)
}

/** The SHA-256 of what is served at an address, or the status of the answer when it isn't 200. */
export async function sha256At(address: string): Promise<string> {
  const response = await fetch(address)
  const bytes = await response.bytes()
  return response.status === 200 ? createHash('sha256').update(bytes).digest('hex') : `${response.status}`
}
