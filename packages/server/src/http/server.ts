import { randomBytes } from 'node:crypto'
import { AppError } from '@vieter/api'
import {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify'
import type { Logger } from 'pino'
import { discardRest } from './unread-body.ts'

/** Requests under these are the API's: all their answers are JSON. Elsewhere a 404 is the plain text that pacman's users know. */
const apiPrefixes = ['/api/', '/health']

/**
 * Makes the HTTP server without any route: bodies as raw streams, request ids, errors in the envelope. Once `stopping`
 * is aborted new requests are refused and connections are not kept.
 */
export function createHttpServer(log: Logger, stopping: AbortSignal): FastifyInstance {
  const server: FastifyInstance = fastify({
    loggerInstance: log as FastifyBaseLogger,
    genReqId: () => randomBytes(8).toString('hex'),
    routerOptions: { maxParamLength: 512 },
    bodyLimit: Number.MAX_SAFE_INTEGER,
    keepAliveTimeout: 65_000,
    return503OnClosing: false,
    frameworkErrors: (fault, request, reply) => answerError(fault, request, reply),
  })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
    if (stopping.aborted) throw new AppError('SHUTTING_DOWN')
  })
  server.addHook('onSend', async (request, reply) => {
    if (stopping.aborted) reply.header('connection', 'close')
    discardRest(request, reply)
  })
  server.setErrorHandler((fault: FastifyError, request, reply) => answerError(fault, request, reply))
  server.setNotFoundHandler((request, reply) => answerError(new AppError('ROUTE_NOT_FOUND'), request, reply))
  // Node would tell every client at once to send its body: `streamBody` does, after the key was checked.
  server.server.on('checkContinue', (request, response) => server.server.emit('request', request, response))
  return server
}

function answerError(fault: Error, request: FastifyRequest, reply: FastifyReply): void {
  const error = appErrorOf(fault)
  if (error.code === 'INTERNAL') request.log.error({ err: fault }, 'a request failed')
  else request.log.info({ code: error.code }, error.message)
  reply.code(error.status)
  const isApi = apiPrefixes.some((prefix) => request.url.startsWith(prefix))
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
