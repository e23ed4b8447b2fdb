import { DatabaseSync } from 'node:sqlite'
import { contract, type ErrorCode, errorTable } from '@vieter/api'
import type { Settings } from '@vieter/config'
import { expect, test } from 'vitest'
import { packageArchive } from './support/packages.ts'
import { connectRaw, lines } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'

/** The codes that a server answers with. */
type HttpCode = {
  [C in ErrorCode]: (typeof errorTable)[C]['status'] extends 0 ? never : C
}[ErrorCode]

/** How the example of a code comes about: its request line is in the table. */
interface Provocation {
  settings?: Partial<Settings>
  /** What was there before, and what the request carries besides. */
  prepare?(server: TestServer): Promise<Carried | undefined>
  /** Sends what `fetch` does not. */
  send?(server: TestServer, requestLine: string): Promise<Answer>
}

interface Answer {
  status: number
  code: unknown
  message: unknown
}

interface Carried {
  headers?: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer>
}

const hello = Uint8Array.from(packageArchive())
const target = { kind: 'git', url: 'https://example.org/a.git', repo: 'vieter', arch: ['x86_64'] }
const diary = 'Dear diary, today I packaged nothing.\n'
const mebibyte = 1024 * 1024

async function addTarget(server: TestServer): Promise<undefined> {
  await server.client.call(contract.addTarget, { query: target })
}

async function publish(server: TestServer): Promise<undefined> {
  await server.publish('vieter', hello)
}

async function lease(server: TestServer): Promise<string> {
  await addTarget(server)
  const query = { target: 1, arch: 'x86_64' }
  const { token } = await server.client.call(contract.startJob, { query })
  return token
}

async function openWith(server: TestServer, ...archives: Uint8Array<ArrayBuffer>[]): Promise<void> {
  await server.client.call(contract.openPublication, { query: { repo: 'vieter' } })
  for (const body of archives) await server.client.call(contract.uploadPackage, { params: { id: 1 }, body })
}

function head(requestLine: string, ...rest: string[]): string {
  return lines(`${requestLine} HTTP/1.1`, 'Host: x', 'X-Api-Key: secret', ...rest)
}

/** An answer whose body is JSON. */
function parseAnswer(status: number, body: string): Answer {
  const { code, message } = JSON.parse(body) as Omit<Answer, 'status'>
  return { status, code, message }
}

function parseRaw(answer: string): Answer {
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])
  return parseAnswer(status, answer.slice(answer.indexOf('\r\n\r\n')))
}

/** The code and message of the one error that the server's log tells of. */
function logged({ log }: TestServer): Omit<Answer, 'status'> {
  const [line, ...others] = log.filter(({ code }) => code !== undefined)
  if (!line || others.length > 0) throw new Error(`not one error: ${JSON.stringify(log)}`)
  return { code: line.code, message: line.msg }
}

const provocations: Record<HttpCode, Provocation> = {
  UNAUTHORIZED: { prepare: async () => ({ headers: { 'x-api-key': 'wrong' } }) },
  FORBIDDEN: {
    async prepare({ client }) {
      const query = { name: 'builder', scope: ['agent'] }
      const { token } = await client.call(contract.createToken, { query })
      return { headers: { 'x-api-key': token } }
    },
  },
  READ_UNAUTHORIZED: {
    async prepare(server) {
      await publish(server)
      await server.client.call(contract.configureRepository, {
        params: { repo: 'vieter' },
        query: { access: 'token' },
      })
      return { headers: { 'x-api-key': '' } }
    },
  },
  ROUTE_NOT_FOUND: {},
  REPOSITORY_NOT_FOUND: {},
  REPOSITORY_EXISTS: { prepare: publish },
  TOKEN_NOT_FOUND: {},
  TOKEN_EXISTS: {
    async prepare(server) {
      await server.client.call(contract.createToken, { query: { name: 'laptop', scope: ['read'] } })
      return undefined
    },
  },
  NAME_LIST_NOT_FOUND: {},
  DATABASE_INVALID: { prepare: async () => ({ body: diary }) },
  PACKAGE_NOT_FOUND: { prepare: publish },
  FILE_NOT_FOUND: {
    prepare: publish,
    async send(server, requestLine) {
      const response = await server.request('GET', requestLine.split(' ')[1] ?? '')
      const message = await response.text()
      return { status: response.status, code: logged(server).code, message }
    },
  },
  METADATA_INVALID: {
    async prepare(server) {
      await server.publish(
        'vieter',
        Uint8Array.from(packageArchive({ metadata: { '.MTREE': 'nonsense\n' } })),
      )
      return undefined
    },
  },
  TARGET_NOT_FOUND: {},
  JOB_RUNNING: { prepare: (server) => lease(server).then(() => undefined) },
  LOG_NOT_FOUND: {},
  PARAMETER_MISSING: {},
  PARAMETER_INVALID: {},
  REPOSITORY_NAME_INVALID: {},
  SCHEDULE_INVALID: {},
  SOURCE_INVALID: {},
  LENGTH_REQUIRED: {
    async send(server, requestLine) {
      const connection = await connectRaw(server.port)
      connection.send(head(requestLine, 'Connection: close'))
      return parseRaw(await connection.untilClosed())
    },
  },
  BODY_INVALID: {
    async send(server, requestLine) {
      const connection = await connectRaw(server.port)
      connection.send(head(requestLine, 'Content-Length: 1000', 'Expect: 100-continue'))
      await connection.until(/100 Continue/)
      connection.socket.end(hello.subarray(0, 20))
      await connection.untilClosed()
      // Nobody is there to be answered; once the server has stopped, its log is whole.
      await server.app.stop()
      return { status: errorTable.BODY_INVALID.status, ...logged(server) }
    },
  },
  BODY_TOO_LARGE: {
    async prepare(server) {
      await addTarget(server)
      return { body: 'x'.repeat(65 * mebibyte) }
    },
  },
  PACKAGE_INVALID: { prepare: async () => ({ body: diary }) },
  SIGNATURE_INVALID: {
    prepare: async () => ({
      headers: { 'x-signature': Buffer.from('-----BEGIN PGP SIGNATURE-----\n').toString('base64') },
      body: hello,
    }),
  },
  PACKAGE_TOO_LARGE: {
    settings: { max_package_size: 1 },
    prepare: async () => ({ body: new Uint8Array(2 * mebibyte) }),
  },
  PACKAGE_EXISTS: {
    async prepare(server) {
      await publish(server)
      return { body: Uint8Array.from(packageArchive({ files: { 'usr/hello': 'built once more\n' } })) }
    },
  },
  PACKAGE_DOWNGRADE: {
    async prepare(server) {
      await publish(server)
      return { body: Uint8Array.from(packageArchive({ version: '0.9-1' })) }
    },
  },
  ARCHITECTURE_REFUSED: {
    settings: { archs: 'x86_64' },
    prepare: async () => ({ body: Uint8Array.from(packageArchive({ arch: 'aarch64' })) }),
  },
  OFFICIAL_NAME: {
    settings: { official_names: 'refuse' },
    async prepare(server) {
      await server.publish('core', Uint8Array.from(packageArchive({ name: 'glibc' })))
      const database = await fetch(`${server.url}/core/x86_64/core.db`)
      const list = { params: { list: 'core' }, body: Uint8Array.from(await database.bytes()) }
      await server.client.call(contract.importNameList, list)
      return { body: Uint8Array.from(packageArchive({ name: 'glibc' })) }
    },
  },
  PACKAGE_TWICE: {
    async prepare(server) {
      await openWith(server, hello)
      return { body: Uint8Array.from(packageArchive({ version: '2.0-1' })) }
    },
  },
  PUBLICATION_NOT_FOUND: {},
  PUBLICATION_EMPTY: { prepare: (server) => openWith(server).then(() => undefined) },
  PUBLICATION_COMMITTED: {
    async prepare(server) {
      await openWith(server, hello)
      await server.client.call(contract.commitPublication, { params: { id: 1 } })
      return undefined
    },
  },
  LEASE_LOST: {
    async prepare(server) {
      await lease(server)
      return { headers: { 'x-lease-token': 'old' } }
    },
  },
  LOG_OFFSET_MISMATCH: {
    prepare: async (server) => ({ headers: { 'x-lease-token': await lease(server) }, body: 'x' }),
  },
  STORAGE_FULL: { settings: { disk_reserve: 2 ** 40 }, prepare: async () => ({ body: hello }) },
  SHUTTING_DOWN: {
    async send(server, requestLine) {
      const connection = await connectRaw(server.port)
      const [first = '', second = ''] = head(requestLine).split(/(?<=secret\r\n)/)
      connection.send(first)
      // What came of it was read once another client, who came later, has its answer.
      await fetch(`${server.url}/health`)
      const stopped = server.app.stop()
      connection.send(second)
      const answer = await connection.untilClosed()
      await stopped
      return parseRaw(answer)
    },
  },
  INTERNAL: {
    async prepare(server) {
      const database = new DatabaseSync(`${server.folder}/store.sqlite`)
      database.exec('alter table targets rename to lost')
      database.close()
      return undefined
    },
  },
}

/** Sends the request of an example. */
async function provoke(server: TestServer, { prepare, send }: Provocation, sent: string): Promise<Answer> {
  const [method = '', path = ''] = sent.split(' ')
  const carried = await prepare?.(server)
  if (send) return send(server, sent)
  const response = await server.request(method, path, carried)
  return parseAnswer(response.status, await response.text())
}

/** An expression for a message in which `…` stands for anything. */
function shapeOf(message: string): RegExp {
  const parts = message.split('…').map((part) => RegExp.escape(part))
  return new RegExp(`^${parts.join('.+')}$`)
}

test.each(Object.entries(provocations))('the example of %s is true', async (code, provocation) => {
  const { status, example } = errorTable[code as HttpCode]
  const server = await startServer({
    logLevel: 'info',
    ...(provocation.settings ? { settings: provocation.settings } : {}),
  })
  expect(await provoke(server, provocation, example.sent)).toEqual({
    status,
    code,
    message: expect.stringMatching(shapeOf(example.message)),
  })
})
