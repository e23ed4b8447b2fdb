import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ErrorCode, Lease } from '@vieter/api'

/** What a stub server was told about one job. */
interface StubJob {
  lease: Lease
  log: string
  /** The bodies handed in. */
  packages: Buffer[]
  extensions: number
  exitCode: number | undefined
  finished: Promise<void>
}

type Fault = { status: number; code: ErrorCode; message?: string }

export interface StubServer {
  address: string
  jobs: Map<number, StubJob>
  /** Files that GET and HEAD answer with, by path. */
  files: Map<string, Buffer>
  /** The names of files that were served once. */
  served: string[]
  /** Every request: method, path, and the headers that could carry a secret. */
  requests: { line: string; apiKey: string | undefined; leaseToken: string | undefined }[]
  enqueue(lease: Partial<Lease>): StubJob
  /** Answers the next requests whose line begins with `line` with a fault, so many times. */
  fail(line: string, fault: Fault, times?: number): void
  /** Resolves when a request whose line begins with `line` arrives. */
  request(line: string): Promise<void>
  /** Is told when a build succeeded. */
  onSuccess: (job: StubJob) => Promise<void> | void
  close(): Promise<void>
}

const defaults: Omit<Lease, 'job_id' | 'log_id'> = {
  token: 'token-of-the-lease',
  expires_at: 0,
  arch: 'x86_64',
  target_id: 1,
  kind: 'git',
  url: 'https://example.com/x.git',
  branch: '',
  path: '',
  repo: 'vieter',
  base_image: 'base:1',
  force: false,
  timeout: 60,
}

/** A real HTTP server that speaks the agent's part of the contract, its state open to the test. */
export async function stubServer(port = 0): Promise<StubServer> {
  const queue: Lease[] = []
  const held: (() => void)[] = []
  const finishers = new Map<number, () => void>()
  const faults: { line: string; fault: Fault; times: number }[] = []
  const watchers: { line: string; resolve: () => void }[] = []
  const server = createServer((request, response) => void handle(request, response))
  const stub: StubServer = {
    address: '',
    jobs: new Map(),
    files: new Map(),
    served: [],
    requests: [],
    enqueue(given) {
      const id = stub.jobs.size + 1
      const expires_at = Math.floor(Date.now() / 1000) + 60
      const lease: Lease = { ...defaults, expires_at, job_id: id, log_id: id, ...given }
      const { promise, resolve } = Promise.withResolvers<void>()
      finishers.set(id, resolve)
      const job = {
        lease,
        log: '',
        packages: [],
        extensions: 0,
        exitCode: undefined,
        finished: promise,
      }
      stub.jobs.set(id, job)
      queue.push(lease)
      for (const wake of held.splice(0)) wake()
      return job
    },
    fail: (line, fault, times = 1) => void faults.push({ line, fault, times }),
    request: (line) => new Promise((resolve) => watchers.push({ line, resolve })),
    onSuccess: () => undefined,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = `${request.method} ${request.url}`
    const header = (name: string) => request.headers[name] as string | undefined
    stub.requests.push({ line, apiKey: header('x-api-key'), leaseToken: header('x-lease-token') })
    for (const watcher of watchers) if (line.startsWith(watcher.line)) watcher.resolve()
    const body = Buffer.concat(await request.toArray())
    const planned = faults.find((one) => one.times > 0 && line.startsWith(one.line))
    if (planned) {
      planned.times--
      const { status, code, message = '' } = planned.fault
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ message, data: '', code, hint: 'A hint.' }))
      return
    }
    const url = new URL(request.url ?? '', 'http://stub')
    if (url.pathname.endsWith('/served')) return answer(response, stub.served)
    if (url.pathname === '/api/v1/jobs/lease') return answerLeases(url, response)
    const [, id, verb] = /^\/api\/v1\/jobs\/(\d+)\/(\w+)$/.exec(url.pathname) ?? []
    const job = stub.jobs.get(Number(id))
    if (job && verb) return answer(response, await act(job, verb, url, body))
    const file = stub.files.get(decodeURIComponent(url.pathname))
    if (file === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-length': file.length })
    response.end(request.method === 'HEAD' ? undefined : file)
  }

  function answerLeases(url: URL, response: ServerResponse): void {
    const wake = () => answer(response, queue.splice(0, Number(url.searchParams.get('max'))))
    if (queue.length > 0) wake()
    else held.push(() => (queue.length > 0 ? wake() : undefined))
  }

  async function act(job: StubJob, verb: string, url: URL, body: Buffer): Promise<unknown> {
    if (verb === 'extend') {
      job.extensions++
      return { expires_at: Math.floor(Date.now() / 1000) + 60 }
    }
    if (verb === 'log') {
      const offset = Number(url.searchParams.get('offset'))
      if (offset !== Buffer.byteLength(job.log)) job.log += `[piece at ${offset}]`
      job.log += body.toString()
      return { size: Buffer.byteLength(job.log) }
    }
    if (verb === 'packages') {
      job.packages.push(body)
      return { name: 'n', version: '1-1', archs: [] }
    }
    job.exitCode = Number(url.searchParams.get('exit_code'))
    if (job.exitCode === 0) await stub.onSuccess(job)
    finishers.get(job.lease.job_id)?.()
    return { log_id: job.lease.log_id, published: [], leftovers: [] }
  }

  function answer(response: ServerResponse, data: unknown): void {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ message: '', data }))
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  stub.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return stub
}
