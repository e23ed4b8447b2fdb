import { type Answer, AppError, decodeParameters, type Endpoint, type Returns } from '@vieter/api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Static, TObject } from 'typebox'
import type { Caller } from '../domain/scopes.ts'
import type { LeaseClaim } from '../services/held-job.ts'
import type { Authorization } from './authorization.ts'
import { lastOfEach } from './last-of-each.ts'

/** A decoded request. */
interface Call<P extends TObject, Q extends TObject> {
  params: Static<P>
  query: Static<Q>
  request: FastifyRequest
  reply: FastifyReply
  /** Who calls an endpoint that is not open to all. */
  caller(): Caller
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
  authorization: Authorization
}

export function createMount(server: FastifyInstance, { basePath, authorization }: MountOptions): Mounting {
  const running = new Set<Promise<unknown>>()
  const mount: Mount = (endpoint, handler) => {
    server.route({
      method: endpoint.method,
      url: basePath + endpoint.path,
      onRequest: authorization.hooksOf(endpoint),
      handler: (request, reply) => {
        const run = handle(endpoint, handler, { request, reply, authorization }).finally(() =>
          running.delete(run),
        )
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

interface Exchange extends Pick<MountOptions, 'authorization'> {
  request: FastifyRequest
  reply: FastifyReply
}

async function handle<P extends TObject, Q extends TObject, R extends Returns>(
  endpoint: Endpoint<P, Q, R>,
  handler: Handler<P, Q, R>,
  { request, reply, authorization }: Exchange,
): Promise<unknown> {
  const params = decodePath(endpoint, request.params as Record<string, string>)
  const query = decodeParameters(endpoint.query, lastOfEach(request.query), endpoint.emptyQuery)
  const data = await handler({
    params,
    query,
    request,
    reply,
    caller: () => authorization.callerOf(request),
    mayRead: authorization.readingOf(request, endpoint),
  })
  if (reply.sent || typeof endpoint.returns === 'string') return data
  return { message: '', data }
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

/** What an agent shows to act on a job. */
export function claimOf({
  params,
  request,
  caller,
}: {
  params: { id: number }
  request: FastifyRequest
  caller(): Caller
}): LeaseClaim {
  const token = request.headers['x-lease-token']
  return { jobId: params.id, token: typeof token === 'string' ? token : '', caller: caller() }
}

/** The answer of endpoints that have no data. */
export function answerEmpty(reply: FastifyReply): undefined {
  reply.send({ message: '', data: '' })
  return undefined
}
