import { EventEmitter } from 'node:events'
import { mkdir } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { AppError } from '@vieter/api'
import type { Settings } from '@vieter/config'
import type { Logger } from 'pino'
import { openApiKey } from './api-key.ts'
import { createArchiveReaders } from './archives/archive-readers.ts'
import { diskSpace } from './blobs/disk-space.ts'
import { fsBlobs } from './blobs/fs-blobs.ts'
import { logFiles } from './blobs/log-files.ts'
import type { Context } from './context.ts'
import { generationFiles } from './databases/generation-files.ts'
import { mountJobs } from './http/jobs.ts'
import { mountLogs } from './http/logs.ts'
import { mountMetrics } from './http/metrics.ts'
import { createMount } from './http/mount.ts'
import { mountReference } from './http/reference.ts'
import { mountRepositories } from './http/repositories.ts'
import { createHttpServer } from './http/server.ts'
import { mountTargets } from './http/targets.ts'
import { sha256 } from './secrets.ts'
import { createCommitQueue } from './services/commit-queue.ts'
import { startMaintenance } from './services/maintenance.ts'
import { openStore } from './store/open-store.ts'

interface AppOptions {
  settings: Settings
  log: Logger
  version: string
}

/** How long requests under way may take to end when the server stops, in milliseconds; then they are cut off. */
const stopGrace = 1500

/** A server that can be started once and stopped once. */
export interface App {
  /** Resolves with the port once requests are taken. Throws ADDRESS_IN_USE. */
  start(): Promise<number>
  /** Takes no more requests, ends those under way, and closes everything. */
  stop(): Promise<void>
}

/** Puts the server together. Throws DATA_IN_USE, DATA_TOO_NEW, and the system's errors for folders that can't be used. */
export async function createApp({ settings, log, version }: AppOptions): Promise<App> {
  await mkdir(settings.data_dir, { recursive: true, mode: 0o750 })
  const store = await openStore(join(settings.data_dir, 'store.sqlite'))
  try {
    return await assemble({ settings, log, version }, store)
  } catch (fault) {
    await store.destroy()
    throw fault
  }
}

async function assemble({ settings, log, version }: AppOptions, store: Context['store']): Promise<App> {
  const apiKey = settings.api_key ?? (await openApiKey(join(settings.data_dir, 'api-key')))
  const context = await createContext(settings, log, store)
  const server = createHttpServer(log, context.stopping.signal)
  const { mount, idle } = createMount(server, sha256(apiKey), sha256)
  await mountMetrics(mount, server, settings.collect_metrics)
  mountReference(mount, version)
  mountTargets(mount, context)
  mountJobs(mount, context)
  mountLogs(mount, context)
  mountRepositories(mount, context)
  server.get('/', async (_request, reply) => reply.redirect('/api/docs'))
  let stopMaintenance: (() => Promise<void>) | undefined
  return {
    async start() {
      await listen(server, settings)
      stopMaintenance = await startMaintenance(context)
      return (server.server.address() as AddressInfo).port
    },
    async stop() {
      context.stopping.abort()
      const overdue = setTimeout(() => server.server.closeAllConnections(), stopGrace)
      await server.close()
      clearTimeout(overdue)
      await idle()
      await stopMaintenance?.()
      await context.commits.idle()
      await context.archives.stop()
      await store.destroy()
    },
  }
}

async function createContext(settings: Settings, log: Logger, store: Context['store']): Promise<Context> {
  const packages = settings.pkg_dir ?? join(settings.data_dir, 'packages')
  const blobs = await fsBlobs(packages)
  const databases = join(settings.data_dir, 'databases')
  await mkdir(databases, { recursive: true })
  const generations = generationFiles(databases)
  const clock = () => Math.floor(Date.now() / 1000)
  return {
    settings,
    store,
    blobs,
    archives: createArchiveReaders(),
    disk: diskSpace([settings.data_dir, ...(settings.pkg_dir ? [packages] : [])], settings.disk_reserve),
    logFiles: await logFiles(join(settings.data_dir, 'logs')),
    generations,
    commits: createCommitQueue({ store, blobs, generations, clock, settings, log }),
    jobEvents: new EventEmitter({ captureRejections: false }).setMaxListeners(0),
    stopping: new AbortController(),
    clock,
    log,
  }
}

async function listen(
  server: ReturnType<typeof createHttpServer>,
  { host, port }: Pick<Settings, 'host' | 'port'>,
): Promise<void> {
  try {
    await server.listen({ host, port })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause
    throw new AppError('ADDRESS_IN_USE', {
      message: `Another program listens on ${host}:${port} already.`,
      cause,
    })
  }
}
