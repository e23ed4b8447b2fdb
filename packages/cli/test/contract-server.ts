import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AppError, contract, decodeParameters, type Endpoint } from '@vieter/api'

export const apiKey = 'correct-horse'

/** One request as an endpoint of the contract decodes it. */
interface Call {
  endpoint: string
  params: Record<string, unknown>
  query: Record<string, unknown>
}

/** Answers the calls of one endpoint: with data, with text for a text endpoint, or by throwing an AppError. */
export type Handlers = Partial<Record<keyof typeof contract, (call: Call) => unknown>>

export interface ContractServer extends AsyncDisposable {
  address: string
  /** Every call that came, as decoded. */
  calls: Call[]
}

/** A real HTTP server that speaks the contract: it routes, authenticates and decodes by the endpoint values themselves. */
export async function startContractServer(handlers: Handlers): Promise<ContractServer> {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    try {
      answer(request, response)
    } catch (error) {
      const fault = error instanceof AppError ? error : new AppError('INTERNAL', { message: String(error) })
      response.writeHead(fault.status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ message: fault.message, data: '', code: fault.code, hint: fault.hint }))
    }
  })

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { endpoint, params, search } = route(request)
    if (endpoint.auth === 'key' && request.headers['x-api-key'] !== apiKey) throw new AppError('UNAUTHORIZED')
    const call: Call = {
      endpoint: endpoint.id,
      params: decodeParameters(endpoint.params, params, 'kept'),
      query: decodeParameters(endpoint.query, Object.fromEntries(search), endpoint.emptyQuery),
    }
    calls.push(call)
    const handler = handlers[endpoint.id as keyof typeof contract]
    if (!handler) throw new AppError('ROUTE_NOT_FOUND', { message: `The test has no ${endpoint.id}.` })
    const data = handler(call)
    if (endpoint.returns === 'text') response.end(data)
    else if (endpoint.returns === 'empty') response.end()
    else response.end(JSON.stringify({ message: '', data }))
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function route(request: IncomingMessage) {
  const { pathname, searchParams: search } = new URL(request.url ?? '/', 'http://localhost')
  const segments = pathname.split('/')
  // Routes without parameters in a place win over those with one there, as in any router.
  const endpoints = (Object.values(contract) as unknown as Endpoint[]).toSorted(
    (a, b) => parameterCount(a) - parameterCount(b),
  )
  for (const endpoint of endpoints) {
    const pattern = endpoint.path.split('/')
    if (endpoint.method !== request.method || pattern.length !== segments.length) continue
    if (!pattern.every((part, index) => part.startsWith(':') || part === segments[index])) continue
    const params = pattern.flatMap((part, index) =>
      part.startsWith(':') ? [[part.slice(1), decodeURIComponent(segments[index] ?? '')]] : [],
    )
    return { endpoint, params: Object.fromEntries(params) as Record<string, string>, search }
  }
  throw new AppError('ROUTE_NOT_FOUND')
}

function parameterCount(endpoint: Endpoint): number {
  return endpoint.path.split(':').length
}
