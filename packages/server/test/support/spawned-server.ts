import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { type OnEnd, temporaryFolder } from './folders.ts'

interface SpawnOptions {
  folder?: string
  environment?: Record<string, string | undefined>
  /** When it is killed and its folder removed: with the test unless told. */
  onEnd?: OnEnd
}

export interface SpawnedServer {
  folder: string
  url: string
  pid: number
  /** Everything that it wrote to standard error. */
  log(): string
  /** The key in its folder. */
  key(): string
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
  /** Its exit code; null when a signal ended it. */
  exited: Promise<number | null>
  publish(repository: string, archive: Uint8Array, query?: string): Promise<Response>
}

const program = fileURLToPath(new URL('./server-process.ts', import.meta.url))

/** Starts a server as a process of its own; resolves when it listens. Throws with its log when it exits before. */
export async function spawnServer({
  onEnd = onTestFinished,
  folder = temporaryFolder(onEnd),
  environment = {},
}: SpawnOptions = {}): Promise<SpawnedServer> {
  const child = spawn(process.execPath, [program], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: {
      ...process.env,
      VIETER_DATA_DIR: folder,
      VIETER_HOST: '127.0.0.1',
      VIETER_PORT: '0',
      VIETER_API_KEY: 'secret',
      VIETER_LOG_LEVEL: 'INFO',
      ...environment,
    },
  })
  onEnd(() => {
    child.kill('SIGKILL')
  })
  let log = ''
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text
      const up = /"port":(\d+),"msg":"the server is up"/.exec(log)
      if (up) resolve(Number(up[1]))
    })
    exited.then((code) => reject(new Error(`the server exited with ${code}: ${log}`)), reject)
  })
  const url = `http://127.0.0.1:${port}`
  return {
    folder,
    url,
    pid: child.pid ?? 0,
    log: () => log,
    key: () => readFileSync(join(folder, 'api-key'), 'utf8').trim(),
    kill: (signal) => child.kill(signal),
    exited,
    publish: (repository, archive, query = '') =>
      fetch(`${url}/${repository}/publish${query}`, {
        method: 'POST',
        headers: { 'x-api-key': 'secret' },
        body: Uint8Array.from(archive),
      }),
  }
}
