import { AppError, type Endpoint } from '@vieter/api'
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Context } from '../context.ts'
import { type Caller, decideAccess, type Wish } from '../domain/scopes.ts'
import { authorize } from '../services/authorize.ts'
import { lastOfEach } from './last-of-each.ts'

type Parts = Pick<Context, 'tokens' | 'policies' | 'reader' | 'clock'>

/** Who may call what, as the contract says it. */
export interface Authorization {
  /** What runs before anything of a request is read. */
  hooksOf(endpoint: Endpoint): onRequestHookHandler[]
  /** Who was let in by a hook. */
  callerOf(request: FastifyRequest): Caller
  /** Tells which repositories may be shown to whoever asks an endpoint that is open to all. */
  readingOf(request: FastifyRequest, endpoint: Endpoint): (repository: string) => boolean
}

export function createAuthorization(parts: Parts): Authorization {
  const { tokens, policies } = parts
  const callers = new WeakMap<FastifyRequest, Caller>()
  const isPublic = (repository: string) => policies.of(repository).access === 'public'

  function hookOf(endpoint: Endpoint): onRequestHookHandler {
    return (request, reply, done) => {
      const { repo } = request.params as { repo?: string }
      if (endpoint.auth === 'read' && (repo === undefined || isPublic(repo))) return done()
      const secret = secretOf(request, endpoint)
      const unknownAs = endpoint.auth === 'read' ? 'READ_UNAUTHORIZED' : 'UNAUTHORIZED'
      const publication = publicationOf(endpoint, request)
      authorize(parts, { secret, unknownAs, wish: wishOf(endpoint, request), publication }).then(
        (caller) => {
          callers.set(request, caller)
          done()
        },
        (fault: Error) => done(challenging(reply, fault)),
      )
    }
  }

  return {
    hooksOf: (endpoint) => (endpoint.auth === 'none' ? [] : [hookOf(endpoint)]),
    callerOf(request) {
      const caller = callers.get(request)
      if (!caller) throw new Error(`nobody was let in to ${request.url}`)
      return caller
    },
    readingOf(request, endpoint) {
      let holder: ReturnType<typeof tokens.identify> | null = null
      return (repository) => {
        if (isPublic(repository)) return true
        if (holder === null) holder = tokens.identify(secretOf(request, endpoint) ?? '')
        if (holder?.kind !== 'valid') return false
        const wish = { scopes: endpoint.scopes, isReading: true, repository, archs: [] }
        return decideAccess(holder.caller, wish).kind === 'granted'
      }
    },
  }
}

function wishOf(endpoint: Endpoint, request: FastifyRequest): Wish {
  return {
    scopes: endpoint.scopes,
    isReading: endpoint.method === 'GET',
    repository: (request.params as { repo?: string }).repo ?? requiredRepository(endpoint, request),
    archs: archsOf(endpoint, request),
  }
}

/** The repository that a query has to name; where it only may, it chooses among what is shown. */
function requiredRepository(
  { query: { required } }: Endpoint,
  { query }: FastifyRequest,
): string | undefined {
  return required?.includes('repo') ? lastOfEach(query).repo : undefined
}

function publicationOf({ path }: Endpoint, { params }: FastifyRequest): number | undefined {
  return path.startsWith('/api/v1/publications/:id') ? Number((params as { id: string }).id) : undefined
}

/** Tells pacman and browsers that a password would do. */
function challenging(reply: FastifyReply, fault: Error): Error {
  if (fault instanceof AppError && fault.code === 'READ_UNAUTHORIZED')
    reply.header('www-authenticate', 'Basic realm="vieter", charset="UTF-8"')
  return fault
}

/** What a request shows. For reading also the password of HTTP Basic does, since pacman knows no other way. */
function secretOf({ headers }: FastifyRequest, { auth }: Endpoint): string | undefined {
  const key = headers['x-api-key']
  if (typeof key === 'string') return key
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (bearer !== undefined || auth !== 'read') return bearer
  const basic = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '')?.[1]
  if (basic === undefined) return undefined
  return /^[^:]*:(.*)$/s.exec(Buffer.from(basic, 'base64').toString())?.[1]
}

/** The architectures in the query, read as they will be decoded. */
function archsOf({ query: { properties } }: Endpoint, { query }: FastifyRequest): string[] {
  const field = (properties as Record<string, { type?: string }>).arch
  const text = field && lastOfEach(query).arch
  if (text === undefined) return []
  return field?.type === 'array' ? text.split(',').map((arch) => arch.trim()) : [text]
}
