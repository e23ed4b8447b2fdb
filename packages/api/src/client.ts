import type { Static, TObject } from 'typebox'
import { AppError, isErrorCode } from './app-error.ts'
import type { Answer, Endpoint, Returns } from './endpoint.ts'
import { encodeParameters } from './parameters.ts'
import { describeFault } from './validate.ts'

interface ClientOptions {
  /** The server's address with its base path, for instance `http://127.0.0.1:8000`. */
  address: string
  apiKey?: string
  fetch?: typeof fetch
}

interface RequestInput {
  params?: unknown
  query?: unknown
  leaseToken?: string
  /** The detached signature of the package in the body, in base64. */
  signature?: string
  /** Bytes of a body that is a stream; one without goes out in chunked coding. */
  size?: number
  body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
  signal?: AbortSignal
}

type InputOf<P extends TObject, Q extends TObject> = Omit<RequestInput, 'params' | 'query'> &
  (keyof Static<P> extends never ? { params?: undefined } : { params: Static<P> }) & {
    query?: Partial<Static<Q>>
  }

/** Calls endpoints of the contract on one server. */
export interface Client {
  /**
   * Calls an endpoint and decodes its answer.
   * Throws the server's own AppError (code, message, hint); SERVER_UNREACHABLE; ANSWER_INVALID.
   */
  call<P extends TObject, Q extends TObject, R extends Returns>(
    endpoint: Endpoint<P, Q, R>,
    input: InputOf<P, Q>,
  ): Promise<Answer<R>>
  /** Sends a request for an endpoint and hands back the raw response when it is a success (2xx); throws as `call` does. */
  send<P extends TObject, Q extends TObject, R extends Returns>(
    endpoint: Endpoint<P, Q, R>,
    input: InputOf<P, Q>,
  ): Promise<Response>
}

export function createClient(options: ClientOptions): Client {
  async function send(endpoint: Endpoint, input: RequestInput): Promise<Response> {
    const address = addressOf(options.address, endpoint, input)
    return reaching(options, input, async () => {
      const response = await request(options, endpoint, input, address)
      if (!response.ok) throw await errorOf(response)
      return response
    })
  }
  return {
    send: (endpoint, input) => send(endpoint, input),
    async call(endpoint, input) {
      const response = await send(endpoint, input)
      return (await reaching(options, input, () => decodeAnswer(endpoint.returns, response))) as never
    },
  }
}

/** Does something over the network; what fails there is SERVER_UNREACHABLE, unless the caller gave up itself. */
async function reaching<T>(
  { address }: ClientOptions,
  { signal }: RequestInput,
  effect: () => Promise<T>,
): Promise<T> {
  try {
    return await effect()
  } catch (cause) {
    if (cause instanceof AppError || signal?.aborted) throw cause
    throw new AppError('SERVER_UNREACHABLE', {
      message: `The server at ${address} does not answer: ${reasonOf(cause)}.`,
      cause,
    })
  }
}

async function request(
  options: ClientOptions,
  endpoint: Endpoint,
  input: RequestInput,
  address: string,
): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json, text/plain;q=0.9, */*;q=0.1' }
  if (options.apiKey !== undefined && endpoint.auth !== 'none') headers['x-api-key'] = options.apiKey
  if (input.leaseToken !== undefined) headers['x-lease-token'] = input.leaseToken
  if (input.signature !== undefined) headers['x-signature'] = input.signature
  if (input.size !== undefined) headers['content-length'] = String(input.size)
  if (input.body !== undefined) headers['content-type'] = 'application/octet-stream'
  const init: RequestInit & { duplex?: 'half' } = { method: endpoint.method, headers, redirect: 'error' }
  if (input.body !== undefined) {
    init.body = input.body
    init.duplex = 'half'
  }
  if (input.signal) init.signal = input.signal
  return (options.fetch ?? fetch)(address, init)
}

function addressOf(base: string, endpoint: Endpoint, input: RequestInput): string {
  const params = (input.params ?? {}) as Record<string, unknown>
  const path = endpoint.path.replaceAll(/:([a-z]+)/g, (_, name: string) =>
    encodeSegment(name, String(params[name])),
  )
  const query = new URLSearchParams(
    encodeParameters((input.query ?? {}) as Record<string, unknown>),
  ).toString()
  return base.replace(/\/+$/, '') + path + (query === '' ? '' : `?${query}`)
}

/** Throws PARAMETER_INVALID for what an address leaves out: `/a/../b` is `/b`, which may be there as well. */
function encodeSegment(name: string, text: string): string {
  if (!['', '.', '..'].includes(text)) return encodeURIComponent(text)
  throw new AppError('PARAMETER_INVALID', {
    message: `Parameter ${name} must not be ${JSON.stringify(text)}.`,
  })
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  if (inner instanceof AggregateError && inner.errors[0] instanceof Error) return inner.errors[0].message
  return inner instanceof Error ? inner.message || inner.name : String(inner)
}

async function decodeAnswer(returns: Returns, response: Response): Promise<unknown> {
  if (returns === 'empty') {
    await response.arrayBuffer()
    return undefined
  }
  if (typeof returns === 'string' && returns !== 'json') return response.text()
  const body = await jsonOf(response)
  if (body === undefined) {
    throw new AppError('ANSWER_INVALID', { message: "The server's answer is not JSON." })
  }
  if (returns === 'json') return body
  const data = (body as { data?: unknown } | undefined)?.data
  const fault = await describeFault(returns, data)
  if (fault !== undefined) {
    throw new AppError('ANSWER_INVALID', {
      message: `The server's answer does not fit the contract: it ${fault}.`,
    })
  }
  return data
}

async function errorOf(response: Response): Promise<AppError> {
  const body = (await jsonOf(response)) as { message?: unknown; code?: unknown; hint?: unknown } | undefined
  const status = `The server answered ${response.status} ${response.statusText}`.trim()
  if (typeof body?.message !== 'string') return new AppError('ANSWER_INVALID', { message: `${status}.` })
  const code = typeof body.code === 'string' && isErrorCode(body.code) ? body.code : 'ANSWER_INVALID'
  return new AppError(code, {
    message: body.message === '' ? `${status}.` : body.message,
    ...(typeof body.hint === 'string' ? { hint: body.hint } : {}),
  })
}

async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
