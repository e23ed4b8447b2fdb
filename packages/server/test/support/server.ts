import { type Client, createClient } from '@vieter/api'
import type { Settings } from '@vieter/config'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { type App, createApp } from '../../src/app.ts'
import { type OnEnd, temporaryFolder } from './folders.ts'
import { settingsIn } from './settings.ts'

export interface TestServer {
  app: App
  folder: string
  port: number
  url: string
  client: Client
  /** The lines of its log, from warnings upward unless told. */
  log: Record<string, unknown>[]
  /** A request with the key; headers given here count. */
  request(method: string, path: string, options?: RequestOptions): Promise<Response>
  publish(repository: string, archive: Uint8Array, query?: string): Promise<Response>
}

interface RequestOptions {
  headers?: Record<string, string>
  body?: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>
}

interface StartOptions {
  settings?: Partial<Settings>
  logLevel?: 'info' | 'warn'
  /** The data folder; a new one unless told. */
  folder?: string
  /** When it is stopped and its folder removed: with the test unless told. */
  onEnd?: OnEnd
}

/** Starts a real server in this process. */
export async function startServer({
  settings = {},
  logLevel: level = 'warn',
  onEnd = onTestFinished,
  folder = temporaryFolder(onEnd),
}: StartOptions = {}): Promise<TestServer> {
  const log: TestServer['log'] = []
  const app = await createApp({
    settings: settingsIn(folder, settings),
    log: pino({ level }, { write: (line: string) => log.push(JSON.parse(line)) }),
    version: '1.2.3',
  })
  const port = await app.start()
  let stopped: Promise<void> | undefined
  const stoppable = { ...app, stop: () => (stopped ??= app.stop()) }
  onEnd(() => stoppable.stop())
  const url = `http://127.0.0.1:${port}`
  const request: TestServer['request'] = (method, path, { headers, body } = {}) =>
    fetch(url + path, {
      method,
      headers: { 'x-api-key': 'secret', ...headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body, duplex: 'half' as const }),
    })
  return {
    app: stoppable,
    folder,
    port,
    url,
    client: createClient({ address: url, apiKey: 'secret' }),
    log,
    request,
    publish: (repository, archive, query = '') =>
      request('POST', `/${repository}/publish${query}`, { body: Uint8Array.from(archive) }),
  }
}
