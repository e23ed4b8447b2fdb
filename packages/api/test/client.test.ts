import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test } from 'vitest'
import { AppError, type Client, contract, createClient } from '../src/index.ts'

/** The address of a server that answers as told; it ends with the test. */
async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function clientOf(listener: RequestListener): Promise<Client> {
  return createClient({ address: await answering(listener), apiKey: 'secret' })
}

async function refusal(attempt: Promise<unknown>): Promise<{ code: string; message: string; hint: string }> {
  const error = await attempt.then(
    () => new Error('nothing was refused'),
    (fault: unknown) => fault,
  )
  if (error instanceof AppError) return { code: error.code, message: error.message, hint: error.hint }
  throw error
}

const target = {
  id: 2,
  kind: 'git',
  url: 'https://example.org/a.git',
  branch: '',
  repo: 'r',
  schedule: '',
  path: '',
  arch: [{ id: 1, target_id: 2, value: 'x86_64' }],
}

describe('the client', () => {
  test('makes a request from the endpoint: method, path, query, key', async () => {
    const seen: unknown[] = []
    const client = await clientOf((request, response) => {
      seen.push(request.method, request.url, request.headers['x-api-key'])
      response.end(JSON.stringify({ message: '', data: target }))
    })
    const answer = await client.call(contract.editTarget, {
      params: { id: 2 },
      query: { branch: '', url: 'https://e.org/x y.git?a=b&c', arch: ['x86_64', 'aarch64'] },
    })
    expect(answer).toEqual(target)
    expect(seen).toEqual([
      'PATCH',
      '/api/v1/targets/2?branch=&url=https%3A%2F%2Fe.org%2Fx+y.git%3Fa%3Db%26c&arch=x86_64%2Caarch64',
      'secret',
    ])
  })

  test('goes below the base path of the address', async () => {
    let url: string | undefined
    const address = await answering((request, response) => {
      url = request.url
      response.end('{"message":"Healthy.","data":""}')
    })
    await createClient({ address: `${address}/vieter/` }).call(contract.health, {})
    expect(url).toBe('/vieter/health')
  })

  test('sends the key where it is asked for, and nowhere else', async () => {
    let headers: unknown
    const client = await clientOf((request, response) => {
      headers = request.headers
      response.end('{"message":"Healthy.","data":""}')
    })
    await client.call(contract.health, {})
    expect(headers).not.toHaveProperty('x-api-key')
  })

  test('escapes what goes into a path', async () => {
    let url: string | undefined
    const client = await clientOf((request, response) => {
      url = request.url
      response.end()
    })
    await client.call(contract.removePackage, {
      params: { repo: 'a/b', arch: '%2e', pkgname: 'c++?d#e' },
    })
    expect(url).toBe('/a%2Fb/%252e/c%2B%2B%3Fd%23e')
  })

  test.each(['', '.', '..'])('refuses %j in a path: the request would go to another place', async (arch) => {
    const asked: unknown[] = []
    const client = await clientOf((request, response) => {
      asked.push(request.url)
      response.end()
    })
    expect(
      await refusal(client.call(contract.removePackage, { params: { repo: 'a', arch, pkgname: 'b' } })),
    ).toMatchObject({
      code: 'PARAMETER_INVALID',
      message: `Parameter arch must not be ${JSON.stringify(arch)}.`,
    })
    expect(asked).toEqual([])
  })

  test('streams a body in chunked coding and sends bytes with their length', async () => {
    const seen: unknown[] = []
    const client = await clientOf(async (request, response) => {
      const { 'transfer-encoding': coding, 'content-length': length } = request.headers
      seen.push({ coding, length, token: request.headers['x-lease-token'], body: await text(request) })
      response.end('{"message":"","data":{"size":3}}')
    })
    const append = (body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>) =>
      client.call(contract.appendLog, { params: { id: 1 }, query: { offset: 0 }, leaseToken: 'token', body })
    await append(new Blob(['one']).stream())
    await append(new Uint8Array(Buffer.from('two')))
    expect(seen).toEqual([
      { coding: 'chunked', length: undefined, token: 'token', body: 'one' },
      { coding: undefined, length: '3', token: 'token', body: 'two' },
    ])
  })

  test('hands back texts as they are, and nothing for nothing', async () => {
    const client = await clientOf((request, response) => {
      response.end(request.method === 'GET' ? 'the log\n' : '')
    })
    expect(await client.call(contract.getLogContent, { params: { id: 1 } })).toBe('the log\n')
    expect(await client.call(contract.removeRepository, { params: { repo: 'r' } })).toBeUndefined()
  })
})

describe('an error of the server', () => {
  test('is thrown with its code, message and hint', async () => {
    const client = await clientOf((_, response) => {
      response.writeHead(404)
      response.end('{"message":"There is no target 7.","data":"","code":"TARGET_NOT_FOUND","hint":"Look."}')
    })
    expect(await refusal(client.call(contract.getTarget, { params: { id: 7 } }))).toEqual({
      code: 'TARGET_NOT_FOUND',
      message: 'There is no target 7.',
      hint: 'Look.',
    })
  })

  test.each([
    ['of Vieter 0.6, without a code', '{"message":"Invalid kind.","data":""}', 'Invalid kind.'],
    ['of a code unknown here', '{"message":"New.","code":"NEW_CODE"}', 'New.'],
    ['of a code that is a property of every object', '{"message":"M.","code":"toString"}', 'M.'],
    ['without words', '', 'The server answered 400 Bad Request.'],
    ['of a proxy', '<html>Bad Gateway</html>', 'The server answered 400 Bad Request.'],
    ['with an empty message', '{"message":"","data":""}', 'The server answered 400 Bad Request.'],
    ['that is null', 'null', 'The server answered 400 Bad Request.'],
  ])('%s is told as well as can be', async (_, body, message) => {
    const client = await clientOf((_request, response) => {
      response.writeHead(400)
      response.end(body)
    })
    expect(await refusal(client.call(contract.getTarget, { params: { id: 7 } }))).toMatchObject({
      code: 'ANSWER_INVALID',
      message,
    })
  })
})

describe('an answer that is none of a Vieter server', () => {
  test.each([
    ['a page', '<html>', "The server's answer is not JSON."],
    ['nothing', '', "The server's answer is not JSON."],
    ['no envelope', '[]', "The server's answer does not fit the contract: it must be object."],
    [
      'another shape',
      '{"message":"","data":{"id":1}}',
      "The server's answer does not fit the contract: it must have required properties kind, url, branch, repo, schedule, path, arch.",
    ],
    [
      'a wrong type',
      JSON.stringify({ message: '', data: { ...target, id: '2' } }),
      "The server's answer does not fit the contract: it must be integer at /id.",
    ],
  ])('%s', async (_, body, message) => {
    const client = await clientOf((_request, response) => response.end(body))
    expect(await refusal(client.call(contract.getTarget, { params: { id: 1 } }))).toMatchObject({
      code: 'ANSWER_INVALID',
      message,
    })
  })

  test('a page where any JSON would do', async () => {
    const client = await clientOf((_request, response) => response.end('<html>'))
    expect(await refusal(client.call(contract.health, {}))).toMatchObject({
      code: 'ANSWER_INVALID',
      message: "The server's answer is not JSON.",
    })
  })

  test('keys that this version does not know are fine', async () => {
    const body = JSON.stringify({ message: '', data: { ...target, later: 1 }, more: 2 })
    const client = await clientOf((_request, response) => response.end(body))
    expect(await client.call(contract.getTarget, { params: { id: 1 } })).toMatchObject(target)
  })
})

describe('a server that does not answer', () => {
  test('because nothing listens', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    const client = createClient({ address: `http://127.0.0.1:${port}` })
    expect(await refusal(client.call(contract.health, {}))).toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: `The server at http://127.0.0.1:${port} does not answer: connect ECONNREFUSED 127.0.0.1:${port}.`,
    })
  })

  test.each([
    ['because it hangs up', contract.health],
    ['because it hangs up in the middle', contract.getOpenapi],
  ])('%s', async (_, endpoint) => {
    const client = await clientOf((request, response) => {
      if (request.url === '/health') return response.destroy()
      response.writeHead(200, { 'content-length': 100 })
      response.write('{"message"', () => response.destroy())
      return undefined
    })
    expect(await refusal(client.call(endpoint, {}))).toMatchObject({ code: 'SERVER_UNREACHABLE' })
  })

  test('because it sends us elsewhere: the key is not carried along', async () => {
    const client = await clientOf((_request, response) => {
      response.writeHead(302, { location: '/elsewhere' })
      response.end()
    })
    expect(await refusal(client.call(contract.listTargets, {}))).toMatchObject({ code: 'SERVER_UNREACHABLE' })
  })

  test.each([
    ['before the answer', false],
    ['in the middle of the answer', true],
  ])('giving up %s is the caller’s own fault, told as such', async (_, begin) => {
    const reason = new Error('enough')
    const giveUp = new AbortController()
    const client = await clientOf((_request, response) => {
      if (begin) response.write('{"message"', () => setImmediate(() => giveUp.abort(reason)))
      else giveUp.abort(reason)
    })
    await expect(client.call(contract.health, { signal: giveUp.signal })).rejects.toBe(reason)
  })
})
