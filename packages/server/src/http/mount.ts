import { timingSafeEqual } from 'node:crypto'
import { type Answer, AppError, decodeParameters, type Endpoint, type Returns } from '@vieter/api'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestAsyncHookHandler,
  onRequestHookHandler,
} from 'fastify'
import type { Static, TObject } from 'typebox'
import type { LeaseClaim } from '../services/held-job.ts'

/** A decoded request. */
interface Call<P extends TObject, Q extends TObject> {
  params: Static<P>
  query: Static<Q>
  request: FastifyRequest
  reply: FastifyReply
  /** Whether who calls may read a repository. */
  mayRead(repository: string): boolean
}

/** Returns the data of the answer; or undefined after it has answered by itself. */
type Handler<P extends TObject, Q extends TObject, R extends Returns> = (
  call: Call<P, Q>,
) => Promise<Answer<R>>

/** Mounts one endpoint of the contract: authentication before anything is read, decoding, the handler, the envelope. */
export type Mount = <P extends TObject, Q extends TObject, R extends Returns>(
  endpoint: Endpoint<P, Q, R>,
  handler: Handler<P, Q, R>,
) => void

interface Mounting {
  mount: Mount
  /** Resolves when no handler runs any more, those included whose client has gone. */
  idle(): Promise<void>
}

interface MountOptions {
  /** What stands before every path. */
  basePath: string
  /** The SHA-256 of the API key. */
  keyHash: Buffer
  hash: (secret: string) => Buffer
  /** Whether a repository may be read with a secret, or without one. */
  mayRead(repository: string, secret: string | undefined): boolean
}

export function createMount(
  server: FastifyInstance,
  { basePath, keyHash, hash, mayRead }: MountOptions,
): Mounting {
  const running = new Set<Promise<unknown>>()
  const authenticate: onRequestAsyncHookHandler = async (request) => {
    const given = keyOf(request)
    if (given === undefined || !timingSafeEqual(hash(given), keyHash)) {
      throw new AppError('UNAUTHORIZED', { message: '401 Unauthorized' })
    }
  }
  const authorizeReading: onRequestHookHandler = (request, reply, done) => {
    const { repo } = request.params as { repo?: string }
    if (repo === undefined || mayRead(repo, readSecretOf(request))) return done()
    reply.header('www-authenticate', 'Basic realm="vieter", charset="UTF-8"')
    done(new AppError('READ_UNAUTHORIZED'))
  }
  const hooks = { none: [], read: [authorizeReading], key: [authenticate], lease: [authenticate] }
  const mount: Mount = (endpoint, handler) => {
    server.route({
      method: endpoint.method,
      url: basePath + endpoint.path,
      onRequest: hooks[endpoint.auth],
      handler: (request, reply) => {
        const run = handle(endpoint, handler, { request, reply, mayRead }).finally(() => running.delete(run))
        running.add(run)
        return run
      },
    })
  }
  return {
    mount,
    async idle() {
      await Promise.allSettled(running)
    },
  }
}

interface Exchange extends Pick<MountOptions, 'mayRead'> {
  request: FastifyRequest
  reply: FastifyReply
}

async function handle<P extends TObject, Q extends TObject, R extends Returns>(
  endpoint: Endpoint<P, Q, R>,
  handler: Handler<P, Q, R>,
  { request, reply, mayRead }: Exchange,
): Promise<unknown> {
  const params = decodePath(endpoint, request.params as Record<string, string>)
  const query = decodeParameters(endpoint.query, lastOfEach(request.query), endpoint.emptyQuery)
  const data = await handler({
    params,
    query,
    request,
    reply,
    mayRead: (repository) => mayRead(repository, readSecretOf(request)),
  })
  if (reply.sent || typeof endpoint.returns === 'string') return data
  return { message: '', data }
}

function keyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['x-api-key']
  if (typeof key === 'string') return key
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
}

/** What is shown for reading: besides the ways of the API key the password of HTTP Basic, since pacman knows no other. */
function readSecretOf(request: FastifyRequest): string | undefined {
  const given = keyOf(request)
  if (given !== undefined) return given
  const basic = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (basic === undefined) return undefined
  const [, password] = /^[^:]*:(.*)$/s.exec(Buffer.from(basic, 'base64').toString()) ?? []
  return password
}

/** Throws the endpoint's own error of what was not found: a path that doesn't fit names nothing that could be there. */
function decodePath<P extends TObject>(endpoint: Endpoint<P>, params: Record<string, string>): Static<P> {
  try {
    return decodeParameters(endpoint.params, params, 'kept')
  } catch (cause) {
    const code = endpoint.errors.find((candidate) => candidate.endsWith('_NOT_FOUND'))
    throw new AppError(code ?? 'ROUTE_NOT_FOUND', { cause })
  }
}

/** Of a parameter that was given several times the last counts. */
function lastOfEach(query: unknown): Record<string, string | undefined> {
  const last: Record<string, string | undefined> = Object.create(null)
  for (const name in query as Record<string, string | string[]>) {
    const value = (query as Record<string, string | string[]>)[name]
    last[name] = Array.isArray(value) ? value.at(-1) : value
  }
  return last
}

/** What an agent shows to act on a job. */
export function claimOf(call: { params: { id: number }; request: FastifyRequest }): LeaseClaim {
  const token = call.request.headers['x-lease-token']
  return { jobId: call.params.id, token: typeof token === 'string' ? token : '' }
}

/** The answer of endpoints that have no data. */
export function answerEmpty(reply: FastifyReply): undefined {
  reply.send({ message: '', data: '' })
  return undefined
}
