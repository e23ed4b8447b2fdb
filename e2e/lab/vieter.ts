import { mkdir } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { architecture } from './architecture.ts'
import { eventually } from './eventually.ts'
import { type Outcome, type RunOptions, run, type Service, startService } from './processes.ts'

const program = fileURLToPath(new URL('../../packages/cli/bin/vieter.mjs', import.meta.url))

/** `VIETER_*` variables. */
export type Settings = Readonly<Record<`VIETER_${string}`, string>>

/** A real process of Vieter. */
export interface VieterProcess {
  readonly pid: number
  readonly dataFolder: string
  /** All that it printed so far. */
  log(): string
  /** Resolves once it has ended, in whatever way. */
  readonly ended: Service['ended']
  /** Ends it at once, as a power cut would: SIGKILL. */
  kill(): Promise<void>
  /** Asks it to end: SIGTERM. Throws with its log when its exit code is not 0 or it takes more than 15 seconds. */
  stop(): Promise<void>
}

export interface VieterServer extends VieterProcess {
  readonly address: string
  readonly port: number
  readonly apiKey: string
}

interface ServerOptions {
  readonly dataFolder: string
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** Default: a free one. */
  readonly port?: number
  readonly apiKey?: string
  readonly settings?: Settings
  /** Variables of its environment that are no settings, such as LD_PRELOAD. */
  readonly environment?: Readonly<Record<string, string>>
  /** A program, with its options, that becomes the server's process by running it: `['nsenter', …, '--']`. */
  readonly wrapper?: readonly string[]
}

/** Starts `vieter server` and waits until it is healthy. Throws with its log when it ends before. */
export async function startServer(options: ServerOptions): Promise<VieterServer> {
  const { server, healthy } = await launchServer(options)
  await healthy()
  return server
}

/** Starts `vieter server` without waiting for it. `healthy` waits, and throws with its log when it ends before. */
export async function launchServer(
  options: ServerOptions,
): Promise<{ server: VieterServer; healthy(): Promise<void> }> {
  const { dataFolder, host = '127.0.0.1', apiKey = 'laboratory-key' } = options
  await mkdir(dataFolder, { recursive: true })
  const port = options.port ?? (await findFreePort(host))
  const address = `http://${host}:${port}${options.settings?.VIETER_BASE_PATH ?? ''}`
  const settings: Settings = {
    VIETER_HOST: host,
    VIETER_PORT: String(port),
    VIETER_ADDRESS: address,
    VIETER_DATA_DIR: dataFolder,
    VIETER_API_KEY: apiKey,
    VIETER_LOG_LEVEL: 'INFO',
    ...options.settings,
  }
  const service = await startVieter('server', settings, options)
  return {
    server: { ...describeProcess(service, dataFolder), address, port, apiKey },
    async healthy() {
      await eventually('the server to be healthy', async () => {
        if (service.hasEnded()) throw new Error(`The server ended at its start:\n${service.log()}`)
        const response = await fetch(`${address}/health`).catch(() => undefined)
        return response?.ok || undefined
      })
    },
  }
}

interface AgentOptions {
  readonly server: Pick<VieterServer, 'address' | 'apiKey'>
  /** The path of the container engine's socket. */
  readonly socket: string
  readonly dataFolder: string
  readonly settings?: Settings
}

/** Starts `vieter agent`. It needs no waiting for: jobs wait for it. */
export async function startAgent(options: AgentOptions): Promise<VieterProcess> {
  await mkdir(options.dataFolder, { recursive: true })
  const service = await startVieter('agent', {
    VIETER_ADDRESS: options.server.address,
    VIETER_API_KEY: options.server.apiKey,
    VIETER_ENGINE_SOCKET: options.socket,
    VIETER_DATA_DIR: options.dataFolder,
    VIETER_ARCH: architecture,
    VIETER_POLLING_FREQUENCY: '1',
    VIETER_LOG_LEVEL: 'INFO',
    ...options.settings,
  })
  return describeProcess(service, options.dataFolder)
}

interface CommandOptions extends Pick<RunOptions, 'cwd' | 'input' | 'timeout'> {
  readonly server?: Pick<VieterServer, 'address' | 'apiKey'>
  readonly settings?: Settings
}

/** Runs the command line to its end, as a person at the server would: `vieter(['targets', 'list'], { server })`. */
export function vieter(
  words: readonly string[],
  { server, settings, ...rest }: CommandOptions = {},
): Promise<Outcome> {
  const known: Settings = server ? { VIETER_ADDRESS: server.address, VIETER_API_KEY: server.apiKey } : {}
  return run(process.execPath, [program, ...words], {
    ...rest,
    environment: environmentOf({ ...known, ...settings }),
  })
}

/** Starts a command line and leaves it running. */
export function spawnVieter(words: readonly string[], settings: Settings): Promise<Service> {
  return startService(process.execPath, [program, ...words], { env: environmentOf(settings) })
}

function startVieter(
  command: string,
  settings: Settings,
  { environment = {}, wrapper = [] }: Pick<ServerOptions, 'environment' | 'wrapper'> = {},
): Promise<Service> {
  const [first = process.execPath, ...rest] = [...wrapper, process.execPath]
  return startService(first, [...rest, program, command], {
    env: { ...environmentOf(settings), ...environment },
  })
}

/** This process's environment without a developer's own settings and ~/.vieterrc, which must not change a test. */
function environmentOf(settings: Settings): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(VIETER_|VITEST|DOCKER_HOST$|NODE_OPTIONS$|NODE_ENV$)/.test(name),
  )
  return { ...Object.fromEntries(inherited), NO_COLOR: '1', HOME: '/nonexistent', ...settings }
}

function describeProcess(service: Service, dataFolder: string): VieterProcess {
  return {
    pid: service.pid,
    dataFolder,
    log: service.log,
    ended: service.ended,
    async kill() {
      service.signal('SIGKILL')
      await service.ended
    },
    async stop() {
      service.signal('SIGTERM')
      const forced = setTimeout(() => service.signal('SIGKILL'), 15_000)
      const { code, signal } = await service.ended
      clearTimeout(forced)
      if (code !== 0) throw new Error(`It ended with ${code ?? signal} after SIGTERM:\n${service.log()}`)
    },
  }
}

/** A port that is free now; a server of the laboratory takes it at once. */
export async function findFreePort(host = '127.0.0.1'): Promise<number> {
  const listener = createServer()
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(0, host, resolve)
  })
  const { port } = listener.address() as AddressInfo
  await new Promise((resolve) => listener.close(resolve))
  return port
}
