import type { AddressInfo } from 'node:net'
import { AppError } from '@vieter/api'
import type { Settings } from '@vieter/config'
import type { Logger } from 'pino'
import { openApiKey } from './api-key.ts'
import { clock } from './clock.ts'
import { closeContext, createContext, type OpenStores } from './create-context.ts'
import { dataPaths } from './data-paths.ts'
import { makeFolder } from './files.ts'
import { createAcceleration } from './http/acceleration.ts'
import { createAuthorization } from './http/authorization.ts'
import { mountJobs } from './http/jobs.ts'
import { mountListing } from './http/listing.ts'
import { mountLogs } from './http/logs.ts'
import { mountMetrics } from './http/metrics.ts'
import { createMount } from './http/mount.ts'
import { mountPackages } from './http/packages.ts'
import { mountPolicies } from './http/policies.ts'
import { mountPublications } from './http/publications.ts'
import { mountReference } from './http/reference.ts'
import { mountRemovals } from './http/removals.ts'
import { mountRepositories } from './http/repositories.ts'
import { mountRoot } from './http/root.ts'
import { createHttpServer } from './http/server.ts'
import { mountTargets } from './http/targets.ts'
import { mountTokens } from './http/tokens.ts'
import { parseTrustedProxies } from './http/trusted-proxies.ts'
import { sha256 } from './secrets.ts'
import { startMaintenance } from './services/maintenance.ts'
import { mendPackages } from './services/mend-packages.ts'
import { mendDatabases } from './services/remake-databases.ts'
import { lockDataFolder } from './store/data-lock.ts'
import { createLookups } from './store/lookups.ts'
import { openReader, openStore } from './store/open-store.ts'
import { snapshotsOf } from './store/snapshots.ts'

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
export async function createApp(options: AppOptions): Promise<App> {
  const { data_dir } = options.settings
  await makeFolder(data_dir, 0o750)
  const opened: (() => void | Promise<void>)[] = [lockDataFolder(data_dir)]
  const close = async () => {
    for (const each of opened.splice(0).reverse()) await each()
  }
  try {
    const path = dataPaths(options.settings).store
    const store = await openStore(path)
    opened.push(() => store.destroy())
    const reader = await openReader(path)
    opened.push(() => reader.destroy())
    const lookups = createLookups(path)
    opened.push(() => lookups.close())
    return await assemble(options, { store, reader, lookups, snapshots: snapshotsOf(path), close })
  } catch (fault) {
    await close()
    throw fault
  }
}

interface Opened extends OpenStores {
  /** Closes what was opened, and lets go of the data folder. */
  close(): Promise<void>
}

async function assemble({ settings, log, version }: AppOptions, opened: Opened): Promise<App> {
  const apiKey = settings.api_key ?? (await openApiKey(dataPaths(settings).apiKey))
  const context = await createContext({ settings, keyHash: sha256(apiKey), clock, log }, opened)
  const basePath = settings.base_path ?? ''
  const isTrustedProxy = parseTrustedProxies(settings.trusted_proxies)
  const stopping = context.stopping.signal
  const { archRepos, policies } = context
  const server = createHttpServer({ settings, archRepos, policies, isTrustedProxy, log, stopping })
  const { mount, idle } = createMount(server, { basePath, authorization: createAuthorization(context) })
  await mountMetrics(mount, server, context)
  mountReference(mount, version)
  mountTargets(mount, context)
  mountJobs(mount, context)
  mountLogs(mount, context)
  mountPolicies(mount, context)
  mountTokens(mount, context)
  mountRepositories(mount, context, createAcceleration(settings, isTrustedProxy))
  mountPublications(mount, context)
  mountRemovals(mount, context)
  mountListing(mount, context)
  mountPackages(mount, context)
  mountRoot(server, basePath)
  let stopMaintenance: (() => Promise<void>) | undefined
  return {
    async start() {
      // Before requests are taken: an upload has a blob before it has a row.
      await mendPackages(context)
      await mendDatabases(context)
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
      await context.tokens.saveUses()
      await closeContext(context)
      await opened.close()
    },
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
