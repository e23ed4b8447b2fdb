import { AppError } from '@vieter/api'
import { version } from './version.ts'

/** What the AUR tells of a package. */
export interface AurPackage {
  name: string
  /** The source unit that the package is built from; the name of its git repository. */
  base: string
  version: string
  description: string
  votes: number
  outOfDate: boolean
}

/** Calls the RPC interface, version 5, of an AUR (https://aur.archlinux.org/rpc). */
export interface Aur {
  /** Searches names and descriptions. Throws SERVER_UNREACHABLE and ANSWER_INVALID, as `info` does. */
  search(term: string): Promise<AurPackage[]>
  /** What the AUR knows of packages by name; those it does not know are missing from the result. */
  info(names: readonly string[]): Promise<AurPackage[]>
}

/** The AUR refuses request lines of more than 4,443 bytes; this much is left for the names of one call. */
const largestQuery = 4000

/** How long the AUR may take to answer, in milliseconds. */
const patience = 30_000

/** A client of the AUR at `address`. */
export function createAur(address: string, call: typeof fetch): Aur {
  const base = address.replace(/\/+$/, '')
  return {
    search: (term) => fetchPackages(call, `${base}/rpc/v5/search/${encodeURIComponent(term)}`),
    async info(names) {
      const found: AurPackage[] = []
      for (const query of infoQueries(names)) {
        found.push(...(await fetchPackages(call, `${base}/rpc/v5/info?${query}`)))
      }
      return found
    },
  }
}

/** One query for all names, unless they are too many for one request. */
function infoQueries(names: readonly string[]): string[] {
  const queries: string[] = []
  for (const name of names) {
    const parameter = `arg%5B%5D=${encodeURIComponent(name)}`
    const last = queries.at(-1)
    if (last !== undefined && last.length + parameter.length < largestQuery) {
      queries[queries.length - 1] = `${last}&${parameter}`
    } else queries.push(parameter)
  }
  return queries
}

async function fetchPackages(call: typeof fetch, address: string): Promise<AurPackage[]> {
  const response = await request(call, address)
  const body: unknown = await response.json().catch(() => undefined)
  if (!isRecord(body)) throw invalid(`it answered ${response.status} without JSON`)
  if (body.type === 'error') throw invalid(`it says: ${String(body.error)}`)
  if (!response.ok || !Array.isArray(body.results)) throw invalid(`it answered ${response.status}`)
  return body.results.map(decodePackage)
}

async function request(call: typeof fetch, address: string): Promise<Response> {
  try {
    return await call(address, {
      headers: { accept: 'application/json', 'user-agent': `vieter/${version}` },
      signal: AbortSignal.timeout(patience),
    })
  } catch (cause) {
    throw new AppError('SERVER_UNREACHABLE', {
      message: `The AUR at ${new URL(address).origin} does not answer.`,
      hint: 'Check the connection, and the address that --aur-url gives.',
      cause,
    })
  }
}

function decodePackage(value: unknown): AurPackage {
  if (!isRecord(value) || typeof value.Name !== 'string' || typeof value.PackageBase !== 'string') {
    throw invalid('it describes a package without a name')
  }
  if (!/^[a-z0-9@_+][a-z0-9@._+-]{0,254}$/i.test(value.PackageBase)) {
    throw invalid(`it gives a package the base ${JSON.stringify(value.PackageBase.slice(0, 100))}`)
  }
  return {
    name: value.Name,
    base: value.PackageBase,
    version: typeof value.Version === 'string' ? value.Version : '',
    description: typeof value.Description === 'string' ? value.Description : '',
    votes: typeof value.NumVotes === 'number' ? value.NumVotes : 0,
    outOfDate: typeof value.OutOfDate === 'number',
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(reason: string): AppError {
  return new AppError('ANSWER_INVALID', {
    message: `The AUR's answer cannot be used: ${reason}.`,
    hint: 'Try again later, or with other words; check the address that --aur-url gives.',
  })
}
