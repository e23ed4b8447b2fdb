import { eventually } from '../../e2e/lab/eventually.ts'
import { type Service, startService } from '../../e2e/lab/processes.ts'

/** A server of node:http that reads what it is sent and answers with nothing: what Node.js itself costs. */
const program = `
require('node:http')
  .createServer((request, response) => request.resume().once('end', () => response.end()))
  .listen(Number(process.argv[1]), '127.0.0.1')`

export interface BareServer {
  readonly pid: number
  readonly port: number
  readonly apiKey: string
  stop(): Promise<void>
}

/** Starts the bare server and waits until it answers. */
export async function startBareServer(port: number): Promise<BareServer> {
  const service: Service = await startService(process.execPath, ['-e', program, String(port)])
  await eventually('the bare server to answer', async () => {
    if (service.hasEnded()) throw new Error(`The bare server ended at its start:\n${service.log()}`)
    const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined)
    return response?.ok || undefined
  })
  return {
    pid: service.pid,
    port,
    apiKey: 'none',
    async stop() {
      service.signal('SIGTERM')
      await service.ended
    },
  }
}
