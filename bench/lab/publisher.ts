import { Agent, request } from 'node:http'
import type { VieterServer } from '../../e2e/lab/vieter.ts'
import type { BenchPackage } from '../workload/forge.ts'

/** The repository that all benchmarks publish to. */
export const repository = 'bench'

/** One client on one connection, which stays open. */
interface Publisher {
  /** Publishes, and gives the milliseconds from the first byte sent to the answer. Throws when it is refused. */
  publish(file: BenchPackage): Promise<number>
  close(): void
}

/**
 * Opens the connection of a publisher. It speaks node:http by itself, since fetch costs the client several times as much
 * of the processors that it shares with the server.
 */
async function openPublisher(server: Pick<VieterServer, 'port' | 'apiKey'>): Promise<Publisher> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const call = (method: string, path: string, body?: Buffer) =>
    callServer({ agent, method, path, port: server.port, apiKey: server.apiKey }, body)
  await call('GET', '/health')
  return {
    async publish({ bytes }) {
      const started = performance.now()
      await call('POST', `/${repository}/publish`, bytes)
      return performance.now() - started
    },
    close: () => agent.destroy(),
  }
}

interface Call {
  readonly agent: Agent
  readonly method: string
  readonly path: string
  readonly port: number
  readonly apiKey: string
}

function callServer({ apiKey, ...call }: Call, body?: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-api-key': apiKey, 'content-length': body?.length ?? 0 }
    const outgoing = request({ ...call, host: '127.0.0.1', headers })
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (piece: string) => {
        text += piece
      })
      incoming.once('error', reject)
      incoming.once('end', () => {
        if (incoming.statusCode === 200) return resolve()
        reject(new Error(`${call.method} ${call.path} was answered ${incoming.statusCode}: ${text}`))
      })
    })
    outgoing.end(body)
  })
}

/**
 * Has several publishers share some packages, each taking the next one when it is done, and gives the milliseconds of
 * every publish. A package is made right before it is sent.
 */
export async function publishAll(
  server: Pick<VieterServer, 'port' | 'apiKey'>,
  files: Iterable<BenchPackage>,
  { publishers, onPublished }: { publishers: number; onPublished?: (count: number) => void },
): Promise<number[]> {
  const times: number[] = []
  const open = await Promise.all(Array.from({ length: publishers }, () => openPublisher(server)))
  const remaining = files[Symbol.iterator]()
  async function work(publisher: Publisher): Promise<void> {
    for (let next = remaining.next(); !next.done; next = remaining.next()) {
      times.push(await publisher.publish(next.value))
      onPublished?.(times.length)
    }
  }
  try {
    await Promise.all(open.map(work))
  } finally {
    for (const publisher of open) publisher.close()
  }
  return times
}
