import { AppError, type ScopeName, scopeTable } from '@vieter/api'
import { mainRepositoryOf } from './policies.ts'
import { parseRepository } from './repository-name.ts'

/** What a token is for, and, where that matters, for which repository alone. */
export interface Scope {
  name: ScopeName
  repository?: string
}

/** Who calls: the holder of a token or of the API key. */
export interface Caller {
  /** The number of the token; null for the API key. */
  tokenId: number | null
  name: string
  scopes: readonly Scope[]
  /** The architectures that an agent may build for; empty: all. */
  archs: readonly string[]
}

/** Who holds the API key of the settings. */
export const keyHolder: Caller = { tokenId: null, name: 'API key', scopes: [{ name: 'admin' }], archs: [] }

export function isAdmin(caller: Caller): boolean {
  return caller.scopes.some(({ name }) => name === 'admin')
}

/** `NAME` or `NAME:REPO`. Throws PARAMETER_INVALID and REPOSITORY_NAME_INVALID. */
export function parseScope(text: string): Scope {
  const [, name = '', repository] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? []
  if (!isScopeName(name)) {
    throw invalid(
      `must be of ${Object.keys(scopeTable).join(', ')}, but is ${JSON.stringify(text.slice(0, 100))}`,
    )
  }
  const rule = scopeTable[name].repository
  if (rule === 'required' && !repository)
    throw invalid(`must say for which repository ${name} is: ${name}:REPO`)
  if (rule === 'none' && repository !== undefined) throw invalid(`${name} is for no repository of its own`)
  return repository === undefined ? { name } : { name, repository: parseRepository(repository) }
}

export function formatScope({ name, repository }: Scope): string {
  return repository === undefined ? name : `${name}:${repository}`
}

function isScopeName(text: string): text is ScopeName {
  return Object.hasOwn(scopeTable, text)
}

function invalid(fault: string): AppError {
  return new AppError('PARAMETER_INVALID', { message: `Parameter scope ${fault}.` })
}

/** What a request asks for. */
export interface Wish {
  /** The scopes that do besides `admin`. */
  scopes: readonly ScopeName[]
  /** It changes nothing. */
  isReading: boolean
  /** The repository that it is about, if it names one. */
  repository?: string | undefined
  /** The architectures that an agent wants to build for, or has built for. */
  archs: readonly string[]
}

type Decision = { kind: 'granted' } | { kind: 'while-leased' } | { kind: 'refused'; message: string }

/** Whether a token does for a request; `while-leased`: as long as it holds a lease for the repository. */
export function decideAccess(caller: Caller, wish: Wish): Decision {
  const fitting = caller.scopes.filter((scope) => covers(scope, wish))
  if (fitting.length === 0) return { kind: 'refused', message: describeLack(caller, wish) }
  const others = fitting.every(({ name }) => name.startsWith('agent')) ? foreignArchs(caller, wish) : []
  if (others.length > 0) {
    const message = `The token ${caller.name} is for ${caller.archs.join(', ')}, not for ${others.join(', ')}.`
    return { kind: 'refused', message }
  }
  const isBound = wish.repository !== undefined && fitting.every(({ name }) => name === 'agent')
  return { kind: isBound ? 'while-leased' : 'granted' }
}

function covers({ name, repository }: Scope, wish: Wish): boolean {
  if (name === 'admin') return true
  if (!wish.scopes.includes(name)) return false
  if (repository === undefined) return true
  // An agent of 0.6 polls and sends logs without saying for which repository.
  if (wish.repository === undefined) return name === 'agent-0.6'
  return (
    repository === wish.repository || (wish.isReading && repository === mainRepositoryOf(wish.repository))
  )
}

function foreignArchs({ archs }: Caller, wish: Wish): string[] {
  return archs.length === 0 ? [] : wish.archs.filter((arch) => !archs.includes(arch))
}

function describeLack({ name, scopes }: Caller, wish: Wish): string {
  const needed = wish.scopes.map((scope) => {
    const isForOne = wish.repository !== undefined && scopeTable[scope].repository !== 'none'
    return isForOne ? `${scope}:${wish.repository}` : scope
  })
  return `This needs a token with the scope ${[...needed, 'admin'].join(' or ')}; the token ${name} has ${scopes.map(formatScope).join(', ')}.`
}

/** The repositories whose jobs a Vieter 0.6 agent may take; undefined: all. */
export function legacyRepositories(caller: Caller): readonly string[] | undefined {
  if (isAdmin(caller)) return undefined
  return caller.scopes.flatMap(({ name, repository }) =>
    name === 'agent-0.6' && repository !== undefined ? [repository] : [],
  )
}
