import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { AppError, createClient, type Lease } from '@vieter/api'
import type { Settings } from '@vieter/config'
import { type DestinationStream, type Logger, pino } from 'pino'
import { agentName, buildArchitecture, engineAddress, type Machine } from './agent-options.ts'
import { builderImages } from './builder-image.ts'
import { dockerEngine } from './docker-engine.ts'
import { formatEngineAddress } from './engine-address.ts'
import { runLoop } from './loop.ts'
import { runLease, type Workshop } from './run-lease.ts'

interface AgentSurroundings {
  /** Stops the agent with its builds. */
  signal: AbortSignal
  /** Where log lines go; default: standard error. */
  log?: DestinationStream
}

/**
 * Runs the build agent until it is stopped. Throws CONFIGURATION_INVALID when there is no API key, and
 * ENGINE_UNREACHABLE when no engine answers at the start.
 */
export async function runAgent(settings: Settings, { signal, log }: AgentSurroundings): Promise<void> {
  const machine = thisMachine()
  const logger = pino(
    { level: settings.log_level.toLowerCase(), base: { part: 'agent' } },
    log ?? process.stderr,
  )
  const agent = agentName(settings, machine)
  const folder = resolve(settings.data_dir, 'agent', agent)
  const shop = await openWorkshop(settings, { machine, agent, folder, stop: signal })
  warnOfLaboratory(settings, logger)
  const { name, version } = await shop.engine.describe()
  const leftovers = await shop.engine.removeLeftovers(agent)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const arch = buildArchitecture(settings, machine)
  logger.info(
    { agent, arch, server: settings.address, engine: `${name} ${version}`, leftovers },
    'agent is ready',
  )
  await runLoop({
    shop,
    arch,
    maxBuilds: settings.max_concurrent_builds,
    retryDelay: settings.polling_frequency * 1000,
    logger,
    stop: signal,
  })
  await shop.images.settled()
  await rm(folder, { recursive: true, force: true })
  logger.info('agent has stopped')
}

interface BuildSurroundings {
  /** Stops the build; its log is kept. */
  signal: AbortSignal
  /** Prints the log as it comes. */
  print(text: string): Promise<void> | void
}

/** Builds a job that is leased already, in this process. The build's exit code; 1 when the lease was lost. */
export async function buildHere(settings: Settings, lease: Lease, io: BuildSurroundings): Promise<number> {
  const machine = thisMachine()
  const folder = await mkdtemp(join(machine.temporaryFolder, 'vieter-build-'))
  try {
    const agent = `${agentName({ agent_name: undefined }, machine).slice(0, 40)}-here-${machine.pid}`
    const shop = await openWorkshop(settings, { machine, agent, folder, stop: io.signal })
    const decoder = new TextDecoder()
    const echo = (bytes: Uint8Array) => io.print(decoder.decode(bytes, { stream: true }))
    const ending = await runLease(shop, lease, { stop: io.signal, echo })
    await shop.images.settled()
    return ending.kind === 'finished' ? ending.exitCode : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What was found at the place where the container engine should be. */
export type EngineProbe =
  | { ok: true; message: string; name: string; version: string; socket: string }
  | { ok: false; message: string; hint: string }

const probeTimeout = 3000

/**
 * Asks the container engine for its version. A socket that nobody listens on is told at once, an engine that is silent
 * after three seconds. Never rejects.
 */
export async function probeEngine(settings: Settings): Promise<EngineProbe> {
  const { promise: silence, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  try {
    const address = engineAddress(settings, thisMachine())
    const socket = formatEngineAddress(address)
    const message = `The container engine at ${socket} has not answered for ${probeTimeout / 1000} seconds.`
    timer = setTimeout(() => reject(new AppError('ENGINE_UNREACHABLE', { message })), probeTimeout)
    const { name, version } = await Promise.race([dockerEngine(address).describe(), silence])
    return { ok: true, message: `${name} ${version} at ${socket}`, name, version, socket }
  } catch (error) {
    const fault =
      error instanceof AppError ? error : new AppError('ENGINE_UNREACHABLE', { message: String(error) })
    return { ok: false, message: fault.message, hint: fault.hint }
  } finally {
    clearTimeout(timer)
  }
}

const mebibyte = 1024 * 1024

interface WorkshopOptions {
  machine: Machine
  agent: string
  folder: string
  stop: AbortSignal
}

async function openWorkshop(settings: Settings, options: WorkshopOptions): Promise<Workshop> {
  const { machine, agent, folder, stop } = options
  const engine = dockerEngine(engineAddress(settings, machine))
  const apiKey = await findApiKey(settings)
  const maxAge = settings.image_rebuild_frequency * 60_000
  return {
    engine,
    images: builderImages({ engine, agent, network: settings.network, maxAge, stop }),
    client: createClient({ address: settings.address, apiKey }),
    agent,
    address: settings.address,
    apiKey,
    network: settings.network,
    proxyHost: settings.proxy_host,
    folder,
    buildMemory: settings.build_memory * mebibyte,
    maxBuildSize: settings.max_build_size * mebibyte,
    maxLogSize: settings.max_log_size * mebibyte,
    allowLocalSources: settings.allow_local_sources,
  }
}

/** The setting, else the key that a server on this machine keeps in the data folder. */
async function findApiKey(settings: Settings): Promise<string> {
  if (settings.api_key !== undefined) return settings.api_key
  const path = join(settings.data_dir, 'api-key')
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    throw new AppError('CONFIGURATION_INVALID', {
      message: 'The agent has no token.',
      hint: `Set \`api_key\` to one that \`vieter tokens create NAME --scope agent\` prints, or VIETER_API_KEY_FILE to its file; ${path} was looked for too.`,
      cause,
    })
  }
}

function warnOfLaboratory(settings: Settings, logger: Logger): void {
  if (settings.network === 'host') {
    logger.warn('network = host: every build reaches all services of this machine. For laboratories only!')
  }
  if (settings.allow_local_sources) {
    logger.warn('allow_local_sources = true: targets may name local paths. For laboratories only!')
  }
}

function thisMachine(): Machine {
  return {
    hostname: hostname(),
    arch: process.arch,
    pid: process.pid,
    dockerHost: process.env.DOCKER_HOST,
    runtimeFolder: process.env.XDG_RUNTIME_DIR,
    temporaryFolder: process.env.TMPDIR || '/var/tmp',
    fileExists: existsSync,
  }
}
