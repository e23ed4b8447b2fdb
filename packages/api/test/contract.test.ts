import { describe, expect, test } from 'vitest'
import { AppError, contract, type Endpoint, errorTable, formatOpenapi, isErrorCode } from '../src/index.ts'

const endpoints: readonly Endpoint[] = Object.values(contract)

describe('the contract', () => {
  test('has no id twice, and each is the key it is found under', () => {
    expect(endpoints.map(({ id }) => id)).toEqual(Object.keys(contract))
  })

  test('has no route twice, whatever its parameters are called', () => {
    const routes = endpoints.map(({ method, path }) => `${method} ${path.replaceAll(/:[a-z]+/g, ':')}`)
    expect(new Set(routes).size).toBe(routes.length)
  })

  test.each(endpoints.map((endpoint) => [endpoint.id, endpoint] as const))(
    '%s: the parameters of its path are described, in their order',
    (_, endpoint) => {
      const names = Array.from(endpoint.path.matchAll(/:([a-z]+)/g), ([, name]) => name)
      expect(Object.keys(endpoint.params.properties)).toEqual(names)
    },
  )

  test.each(endpoints.map((endpoint) => [endpoint.id, endpoint] as const))(
    '%s: its errors are in the table, and cross HTTP',
    (_, { errors }) => {
      expect(new Set(errors).size).toBe(errors.length)
      for (const code of errors) expect(errorTable[code].status).toBeGreaterThanOrEqual(400)
    },
  )

  test('every change asks for the key', () => {
    const open = endpoints.filter(
      ({ method, auth }) => method !== 'GET' && (auth === 'none' || auth === 'read'),
    )
    expect(open).toEqual([])
  })

  test('whatever shows a repository is for those who may read it', () => {
    expect(endpoints.filter(({ auth }) => auth === 'read').map(({ id }) => id)).toEqual([
      'getFile',
      'listRepository',
      'listArchRepo',
      'findRepository',
      'findArchRepo',
      'listRepositories',
      'getRepository',
      'listPackages',
      'getPackage',
      'listPackageFiles',
      'getBuildInformation',
      'listPackageEntries',
      'getInstallScript',
      'getChangelog',
    ])
  })

  test('only these are open to anyone', () => {
    expect(endpoints.filter(({ auth }) => auth === 'none').map(({ id }) => id)).toEqual([
      'health',
      'getLastUpdate',
      'getLastSync',
      'getMetrics',
      'getOpenapi',
      'getReference',
    ])
  })
})

describe('the table of errors', () => {
  test.each(Object.entries(errorTable))('%s says what happened and what to do, in sentences', (_, entry) => {
    expect(entry.meaning).toMatch(/^[A-Z].*\.$/)
    expect(entry.hint).toMatch(/[A-Z`].*\.$/)
  })

  test('an error takes its words from the table unless it knows better', () => {
    const plain = new AppError('PACKAGE_EXISTS')
    expect(plain).toMatchObject({
      code: 'PACKAGE_EXISTS',
      status: 409,
      message: errorTable.PACKAGE_EXISTS.meaning,
      hint: errorTable.PACKAGE_EXISTS.hint,
    })
    const cause = new Error('below')
    const closer = new AppError('PACKAGE_EXISTS', { message: 'What.', hint: 'How.', cause })
    expect(closer).toMatchObject({ message: 'What.', hint: 'How.', cause })
  })

  test('a property of every object is no code', () => {
    expect(['PACKAGE_EXISTS', 'toString', '__proto__', ''].map(isErrorCode)).toEqual([
      true,
      false,
      false,
      false,
    ])
  })
})

type Json = { [key: string]: Json } & Json[]

/** Every `$ref` in a document. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : refsIn(inner),
  )
}

function resolve(document: Json, ref: string): unknown {
  return ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<Json | undefined>((value, key) => value?.[key], document)
}

describe('the OpenAPI document', () => {
  const document = JSON.parse(JSON.stringify(formatOpenapi(endpoints, '1.2.3'))) as Json
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )

  test('is 3.1, with title and version', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Vieter', version: '1.2.3' } })
  })

  test('has each endpoint once', () => {
    expect(operations.map(({ operation }) => String(operation.operationId)).sort()).toEqual(
      endpoints.map(({ id }) => id).sort(),
    )
  })

  test('has no two paths that differ in the names of their parameters alone: they would be the same', () => {
    const shapes = Object.keys(document.paths ?? {}).map((path) => path.replaceAll(/\{[^}]+\}/g, '{}'))
    expect(new Set(shapes).size).toBe(shapes.length)
  })

  test.each(operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    '%s: its path parameters are those of its path, required',
    (_, { path, operation }) => {
      const parameters = operation.parameters as unknown as { name: string; in: string; required: boolean }[]
      const inPath = parameters.filter((parameter) => parameter.in === 'path')
      expect(inPath.map(({ name }) => name)).toEqual(
        Array.from(path.matchAll(/\{([^}]+)\}/g), ([, name]) => name),
      )
      expect(inPath.every(({ required }) => required)).toBe(true)
      for (const parameter of parameters) expect(parameter).toHaveProperty('schema')
    },
  )

  test.each(operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    '%s: says what it answers, and which schemes open it',
    (_, { operation }) => {
      expect(Object.keys(operation.responses ?? {})).toContain('200')
      for (const response of Object.values(operation.responses ?? {}))
        expect(response).toHaveProperty('description')
      for (const requirement of operation.security ?? [])
        for (const scheme of Object.keys(requirement))
          expect(resolve(document, `#/components/securitySchemes/${scheme}`)).toBeDefined()
    },
  )

  test('every reference leads somewhere', () => {
    const refs = refsIn(document)
    expect(refs.length).toBeGreaterThan(0)
    for (const ref of refs) expect(resolve(document, ref)).toBeDefined()
  })
})
