import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArchitectureName } from '@vieter/alpm'
import { AppError, type Client, contract, type Lease } from '@vieter/api'
import { pause } from './abort.ts'
import { BuildFailure, exitCodes } from './build-failure.ts'
import { type BuildLog, createBuildLog } from './build-log.ts'
import { buildPackages } from './build-packages.ts'
import type { BuilderImages } from './builder-image.ts'
import { agentLabel, type Container, type Engine, type Sink } from './engine.ts'
import { type LeaseSession, openLeaseSession } from './lease-session.ts'
import { packagesFolder } from './makepkg.ts'
import { openProxy } from './proxy.ts'
import { checkArchRepo, hasDatabase } from './repository.ts'
import { retrying } from './retry.ts'
import { checkSource } from './source.ts'
import { takePackages } from './take-packages.ts'

/** What one agent builds with. */
export interface Workshop {
  engine: Engine
  images: BuilderImages
  client: Client
  /** The name on leases and containers. */
  agent: string
  /** The server's address. */
  address: string
  /** The server's. */
  apiKey: string
  /** The engine's network that builds run in. */
  network: string
  proxyHost: string | undefined
  /** A folder of the agent's own, where packages lie between container and server. */
  folder: string
  /** Bytes; 0: no limit. */
  buildMemory: number
  /** Bytes. */
  maxBuildSize: number
  /** Bytes. */
  maxLogSize: number
  allowLocalSources: boolean
}

interface RunOptions {
  /** Stops the build; its log is kept. */
  stop: AbortSignal
  /** Also gets the log, as it comes. */
  echo?: Sink
}

/** How a build ended: the exit code that the server was told, or that the lease was lost and nothing was told. */
export type Ending = { kind: 'finished'; exitCode: number } | { kind: 'lost' }

/** Milliseconds that the last words of a stopped build may take. */
const stopGrace = 5000
/** Seconds that a container may outlive its build's time-out, should the agent be gone. */
const lifetimeMargin = 600

/** Builds one leased job and tells the server all about it. Never rejects: what goes wrong ends up in the log. */
export async function runLease(shop: Workshop, lease: Lease, { stop, echo }: RunOptions): Promise<Ending> {
  const session = openLeaseSession(shop.client, lease)
  const log = createBuildLog({ send: session.appendLog, limit: shop.maxLogSize, echo })
  const hurry = () => void pause(stopGrace, session.lost).then(session.end)
  stop.addEventListener('abort', hurry, { once: true })
  try {
    let exitCode = await attempt(shop, lease, { session, log, stop })
    if (exitCode === 0) exitCode = await publish(session, log)
    else await close(session, log, exitCode)
    return session.lost.aborted ? { kind: 'lost' } : { kind: 'finished', exitCode }
  } finally {
    stop.removeEventListener('abort', hurry)
    session.end()
  }
}

interface Attempt {
  session: LeaseSession
  log: BuildLog
  stop: AbortSignal
}

/** Builds and hands in the packages; the exit code, its reason being the log's last line. */
async function attempt(shop: Workshop, lease: Lease, { session, log, stop }: Attempt): Promise<number> {
  const expired = new AbortController()
  const stopped = new AbortController()
  const onStop = () =>
    stopped.abort(new BuildFailure(exitCodes.stopped, 'The build was stopped with its agent.'))
  if (stop.aborted) onStop()
  stop.addEventListener('abort', onStop, { once: true })
  const signal = AbortSignal.any([stopped.signal, session.lost, expired.signal])
  let timer: NodeJS.Timeout | undefined
  try {
    log.line(
      `job ${lease.job_id}: target ${lease.target_id} for ${lease.repo}/${lease.arch}, by agent ${shop.agent}`,
    )
    checkArchRepo(lease)
    checkSource(lease, shop.allowLocalSources)
    const image = await shop.images.get(lease.base_image, log, signal)
    timer = setTimeout(() => expired.abort(timeout(lease.timeout)), lease.timeout * 1000)
    await buildAndUpload(shop, lease, { session, log, signal, image })
    return 0
  } catch (error) {
    return explain(log, signal.aborted ? signal.reason : error)
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', onStop)
  }
}

function timeout(seconds: number): BuildFailure {
  return new BuildFailure(exitCodes.timedOut, `The build was stopped at its time-out of ${seconds} s.`)
}

function explain(log: BuildLog, error: unknown): number {
  const known = error instanceof BuildFailure || error instanceof AppError
  const message = error instanceof Error ? error.message : String(error)
  const hint = known && error.hint ? ` ${error.hint}` : ''
  log.line(`failed: ${message}${hint}`)
  return error instanceof BuildFailure && error.exitCode > 0 ? error.exitCode : exitCodes.agentFailed
}

interface Work {
  session: LeaseSession
  log: BuildLog
  signal: AbortSignal
  image: string
}

async function buildAndUpload(shop: Workshop, lease: Lease, work: Work): Promise<void> {
  const { log, signal } = work
  const container = await shop.engine.start(
    {
      name: `vieter-build-${shop.agent}-${lease.job_id}-${randomBytes(6).toString('hex')}`,
      image: work.image,
      network: shop.network,
      memory: shop.buildMemory,
      labels: { [agentLabel]: shop.agent },
      lifetime: lease.timeout + lifetimeMargin,
    },
    signal,
  )
  try {
    const srcinfo = await buildInside(shop, lease, { container, log, signal })
    if (srcinfo === undefined) return
    await container.halt()
    const archive = await container.readFolder(packagesFolder)
    if (archive === undefined) throw new BuildFailure(exitCodes.agentFailed, 'The build left no packages.')
    const folder = await mkdtemp(join(shop.folder, `job-${lease.job_id}-`))
    try {
      const arch = parseArchitectureName(lease.arch)
      const taken = await takePackages({ archive, srcinfo, arch, folder, maxSize: shop.maxBuildSize })
      for (const one of taken) {
        log.line(`handing in ${one.filename} (${one.size} bytes)`)
        await work.session.upload(one, signal)
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  } finally {
    await container.remove().catch(() => undefined)
  }
}

async function buildInside(
  shop: Workshop,
  lease: Lease,
  { container, log, signal }: { container: Container; log: BuildLog; signal: AbortSignal },
) {
  const findServed = (names: readonly string[], version: string) => {
    const query = { names: [...names], version }
    const ask = () =>
      shop.client.call(contract.listServedFiles, { params: { repo: lease.repo }, query, signal })
    return retrying(ask, { signal })
  }
  const order = { container, progress: log, lease, allowLocalSources: shop.allowLocalSources, findServed }
  const exists = await retrying(() => hasDatabase(shop, lease, signal), { signal })
  if (!exists) return buildPackages({ ...order, repositories: undefined })
  const host = shop.proxyHost ?? (shop.network === 'host' ? '127.0.0.1' : container.gateway)
  if (host === undefined) {
    throw new BuildFailure(
      exitCodes.agentFailed,
      `The engine names no gateway of its network ${shop.network}.`,
      {
        hint: 'Set `proxy_host` to an IP address of this machine that containers reach.',
      },
    )
  }
  const proxy = await openProxy({ host, upstream: shop, archRepo: lease })
  try {
    return await buildPackages({ ...order, repositories: proxy.address })
  } finally {
    await proxy.close()
  }
}

/** Finishes a success, with which its packages become visible; the server may still refuse them. */
async function publish(session: LeaseSession, log: BuildLog): Promise<number> {
  await log.flush()
  try {
    await session.finish(0)
    return 0
  } catch (error) {
    if (session.lost.aborted) return exitCodes.agentFailed
    const exitCode = explain(log, error)
    await close(session, log, exitCode)
    return exitCode
  }
}

async function close(session: LeaseSession, log: BuildLog, exitCode: number): Promise<void> {
  await log.flush()
  if (!session.lost.aborted) await session.finish(exitCode).catch(() => undefined)
}
