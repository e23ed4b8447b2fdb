import type { TSchema } from 'typebox'
import type { Endpoint } from './endpoint.ts'
import { type ErrorCode, errorTable } from './error-table.ts'

const envelopeError = {
  type: 'object',
  required: ['message', 'data', 'code', 'hint'],
  properties: {
    message: { type: 'string', description: 'what happened' },
    data: { const: '' },
    code: { type: 'string', description: 'a stable code of the error table' },
    hint: { type: 'string', description: 'what to do about it' },
  },
}

/** The contract as an OpenAPI 3.1 document, with `version` as the version of the API's server. */
export function formatOpenapi(endpoints: readonly Endpoint[], version: string): object {
  const paths: Record<string, Record<string, unknown>> = {}
  const named = new Map<string, string>()
  for (const endpoint of endpoints) {
    const path = sharedPath(named, endpoint.path)
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operationOf(endpoint, namesIn(path)) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Vieter', version, license: { name: 'MIT', identifier: 'MIT' } },
    paths,
    components: {
      schemas: { Error: envelopeError },
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic', description: 'a token as the password' },
        leaseToken: { type: 'apiKey', in: 'header', name: 'X-Lease-Token' },
      },
    },
  }
}

/** OpenAPI takes paths that differ in the names of their parameters alone for one: the names of the first stand. */
function sharedPath(named: Map<string, string>, path: string): string {
  const shape = path.replaceAll(/:[a-z]+/g, ':')
  const shared = named.get(shape) ?? path.replaceAll(/:([a-z]+)/g, '{$1}')
  named.set(shape, shared)
  return shared
}

function namesIn(path: string): string[] {
  return Array.from(path.matchAll(/\{([a-z]+)\}/g), ([, name = '']) => name)
}

function operationOf(endpoint: Endpoint, pathNames: readonly string[]): object {
  const params = Object.values(endpoint.params.properties).map((field, index) => [pathNames[index], field])
  return {
    operationId: endpoint.id,
    summary: endpoint.summary,
    security: securityOf(endpoint),
    ...(endpoint.auth === 'none' ? {} : { 'x-scopes': [...endpoint.scopes, 'admin'] }),
    parameters: [
      ...parametersOf('path', Object.fromEntries(params), pathNames),
      ...parametersOf('query', endpoint.query.properties, endpoint.query.required),
    ],
    ...bodyOf(endpoint),
    responses: responsesOf(endpoint),
  }
}

function securityOf(endpoint: Endpoint): object[] {
  if (endpoint.auth === 'none') return []
  if (endpoint.auth === 'read') return [{}, { apiKey: [] }, { bearer: [] }, { basic: [] }]
  const lease = endpoint.auth === 'lease' ? { leaseToken: [] } : {}
  return [
    { apiKey: [], ...lease },
    { bearer: [], ...lease },
  ]
}

function parametersOf(place: 'path' | 'query', properties: object, required: unknown): object[] {
  const names = new Set(Array.isArray(required) ? (required as string[]) : [])
  return Object.entries(properties as Record<string, TSchema & { description?: string }>).map(
    ([name, field]) => {
      const { description, missing: _missing, empty: _empty, ...schema } = field as Record<string, unknown>
      return {
        name,
        in: place,
        required: names.has(name),
        ...(description === undefined ? {} : { description }),
        schema,
        ...(schema.type === 'array' ? { explode: false, style: place === 'query' ? 'form' : 'simple' } : {}),
      }
    },
  )
}

function bodyOf(endpoint: Endpoint): object {
  if (endpoint.body === 'none') return {}
  const type = endpoint.body === 'text' ? 'text/plain' : 'application/octet-stream'
  return { requestBody: { required: true, content: { [type]: { schema: { type: 'string' } } } } }
}

function responsesOf(endpoint: Endpoint): object {
  const responses: Record<string, object> = { 200: successOf(endpoint) }
  for (const code of new Set([...authErrors(endpoint), ...endpoint.errors])) {
    const { status, meaning } = errorTable[code]
    const earlier = responses[status] as { description: string } | undefined
    const description = earlier ? `${earlier.description} ${code}: ${meaning}` : `${code}: ${meaning}`
    responses[status] = {
      description,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    }
  }
  return responses
}

function authErrors({ auth, params }: Endpoint): ErrorCode[] {
  if (auth === 'none') return []
  if (auth === 'read') return 'repo' in params.properties ? ['READ_UNAUTHORIZED', 'FORBIDDEN'] : []
  return ['UNAUTHORIZED', 'FORBIDDEN']
}

function successOf(endpoint: Endpoint): object {
  const { returns } = endpoint
  if (returns === 'file') return media('application/octet-stream', { type: 'string' })
  if (returns === 'text') return media('text/plain', { type: 'string' })
  if (returns === 'page') return media('text/html', { type: 'string' })
  if (returns === 'json') return media('application/json', { type: 'object' })
  if (returns === 'empty' && !endpoint.path.startsWith('/api/')) return { description: 'Done.' }
  const data = returns === 'empty' ? { const: '' } : returns
  return media('application/json', {
    type: 'object',
    required: ['message', 'data'],
    properties: { message: { type: 'string' }, data },
  })
}

function media(type: string, schema: object): object {
  return { description: 'Done.', content: { [type]: { schema } } }
}
