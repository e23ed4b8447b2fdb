import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestHttp,
  type ServerResponse,
} from 'node:http'
import { request as requestHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { BuildFailure, exitCodes } from './build-failure.ts'
import type { ArchRepo, Upstream } from './repository.ts'

/** A read-only door to one arch-repo of the server, for one build. */
export interface RepositoryProxy {
  /** `http://HOST:PORT`, as the build reaches it. */
  readonly address: string
  close(): Promise<void>
}

interface ProxyOptions {
  /** An address of this machine that the build reaches. */
  host: string
  upstream: Upstream
  archRepo: ArchRepo
}

const maxConnections = 64
const idleTimeout = 60_000
/** What pacman and curl send for conditional and partial downloads; nothing else of a build's request goes on. */
const passedRequestHeaders = ['if-modified-since', 'if-none-match', 'if-range', 'range', 'user-agent']
const passedAnswerHeaders = [
  'accept-ranges',
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'etag',
  'last-modified',
  'location',
]

/**
 * Opens a proxy that answers GET and HEAD of `/REPO/ARCH/FILENAME` of one arch-repo from the server, and 404 or 405 to all
 * else. It shows the server its key, since the repository may be private; the build needs none and sees none.
 * Throws BuildFailure when it can't listen on the host.
 */
export async function openProxy({ host, upstream, archRepo }: ProxyOptions): Promise<RepositoryProxy> {
  const server = createServer(
    { requestTimeout: idleTimeout, headersTimeout: 10_000 },
    (request, response) => {
      const target = decideRequest(request.method, request.url, archRepo)
      if (typeof target === 'number') return refuse(response, target)
      passOn({ request, response, upstream, target })
    },
  )
  server.maxConnections = maxConnections
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenFailure(host, cause)))
    server.listen(0, host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** A request line → the path to ask the server for, each segment encoded anew; or the status that refuses it. */
export function decideRequest(
  method: string | undefined,
  target: string | undefined,
  { repo, arch }: ArchRepo,
): string | number {
  if (method !== 'GET' && method !== 'HEAD') return 405
  const [empty, ...raw] = (target ?? '').replace(/\?.*$/s, '').split('/')
  const segments = raw.map(decodeSegment)
  const [first, second, filename] = segments
  if (empty !== '' || segments.length !== 3 || first !== repo || second !== arch) return 404
  if (
    filename === undefined ||
    !/^[^/\\\u0000-\u001f\u007f]{1,255}$/.test(filename) ||
    /^\.*$/.test(filename)
  ) {
    return 404
  }
  return `/${[repo, arch, filename].map(encodeURIComponent).join('/')}`
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

interface Passage {
  request: IncomingMessage
  response: ServerResponse
  upstream: Upstream
  target: string
}

function passOn({ request, response, upstream: { address: base, apiKey }, target }: Passage): void {
  const address = base.replace(/\/+$/, '') + target
  const send = address.startsWith('https:') ? requestHttps : requestHttp
  const upstream = send(address, {
    method: request.method ?? 'GET',
    headers: { ...pick(request.headers, passedRequestHeaders), 'x-api-key': apiKey },
    timeout: idleTimeout,
  })
  upstream.once('timeout', () => upstream.destroy(new Error('The server is silent.')))
  upstream.once('error', () => refuse(response, 502))
  upstream.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, pick(answer.headers, passedAnswerHeaders))
    // Either end may vanish in the middle: pipeline tears down the other.
    pipeline(answer, response).catch(() => undefined)
  })
  response.once('close', () => upstream.destroy())
  request.resume()
  upstream.end()
}

function pick(headers: IncomingMessage['headers'], names: readonly string[]): OutgoingHttpHeaders {
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  )
}

function refuse(response: ServerResponse, status: number): void {
  if (response.headersSent) return void response.destroy()
  const headers = {
    'content-length': 0,
    connection: 'close',
    ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
  }
  response.writeHead(status, headers).end()
}

function listenFailure(host: string, cause: NodeJS.ErrnoException): BuildFailure {
  return new BuildFailure(
    exitCodes.agentFailed,
    `The agent cannot listen on ${host}, where builds would reach it (${cause.code ?? cause.message}).`,
    {
      hint: 'Set `proxy_host` to an IP address of the agent’s machine, or of its own container, that containers on the engine’s network reach.',
      cause,
    },
  )
}
