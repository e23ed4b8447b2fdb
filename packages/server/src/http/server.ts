import { AppError } from '@vieter/api'
import type { Settings } from '@vieter/config'
import {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify'
import type { Logger } from 'pino'
import type { ArchRepos } from '../services/arch-repos.ts'
import type { RepositoryPolicies } from '../services/repository-policies.ts'
import { answerPolls } from './answer-polls.ts'
import { commonHeaders } from './common-headers.ts'
import { createListener } from './listener.ts'
import { createRequestIds } from './request-id.ts'
import { createRequestLog } from './request-log.ts'
import type { IsTrustedProxy } from './trusted-proxies.ts'
import { discardRest } from './unread-body.ts'

/** Requests under these are the API's: all their answers are JSON. Elsewhere a 404 is the plain text that pacman's users know. */
const apiPrefixes = ['/api/', '/health']

interface HttpServerOptions {
  settings: Settings
  archRepos: ArchRepos
  policies: RepositoryPolicies
  isTrustedProxy: IsTrustedProxy
  log: Logger
  /** Once it is aborted new requests are refused and connections are not kept. */
  stopping: AbortSignal
}

/** Makes the HTTP server without any route: bodies as raw streams, request ids, errors in the envelope. */
export function createHttpServer({
  settings,
  archRepos,
  policies,
  isTrustedProxy,
  log,
  stopping,
}: HttpServerOptions): FastifyInstance {
  const basePath = settings.base_path ?? ''
  const newRequestId = createRequestIds()
  const polls = { archRepos, policies, basePath, newRequestId, stopping }
  const server: FastifyInstance = fastify({
    loggerInstance: log as FastifyBaseLogger,
    childLoggerFactory: createRequestLog,
    genReqId: newRequestId,
    routerOptions: { maxParamLength: 512 },
    bodyLimit: Number.MAX_SAFE_INTEGER,
    return503OnClosing: false,
    trustProxy: isTrustedProxy,
    serverFactory: (handle) => {
      // Metrics count what comes through the router.
      const first = settings.collect_metrics ? handle : answerPolls(polls, handle)
      return createListener(first, { settings, isTrustedProxy, log })
    },
    frameworkErrors: (fault, request, reply) => answerError(fault, request, reply, basePath),
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(commonHeaders(request.id))
    done(stopping.aborted ? new AppError('SHUTTING_DOWN') : undefined)
  })
  server.addHook('onSend', (request, reply, payload, done) => {
    if (stopping.aborted) reply.header('connection', 'close')
    discardRest(request, reply)
    done(null, payload)
  })
  server.setErrorHandler((fault: FastifyError, request, reply) =>
    answerError(fault, request, reply, basePath),
  )
  server.setNotFoundHandler((request, reply) =>
    answerError(new AppError('ROUTE_NOT_FOUND'), request, reply, basePath),
  )
  return server
}

function answerError(fault: Error, request: FastifyRequest, reply: FastifyReply, basePath: string): void {
  const error = appErrorOf(fault)
  if (error.code === 'INTERNAL') request.log.error({ err: fault }, 'a request failed')
  else request.log.info({ code: error.code }, error.message)
  // What is missing now may be there with the next publish.
  reply.code(error.status).header('cache-control', 'no-store')
  const isApi = apiPrefixes.some((prefix) => request.url.startsWith(basePath + prefix))
  if (!isApi && error.status === 404 && (request.method === 'GET' || request.method === 'HEAD')) {
    reply.type('text/plain; charset=utf-8').send('404 Not Found')
    return
  }
  reply.send({ message: error.message, data: '', code: error.code, hint: error.hint })
}

function appErrorOf(fault: Error): AppError {
  if (fault instanceof AppError) return fault
  const status = (fault as FastifyError).statusCode ?? 500
  if (status >= 400 && status < 500)
    return new AppError('PARAMETER_INVALID', { message: fault.message, cause: fault })
  return new AppError('INTERNAL', { cause: fault })
}
