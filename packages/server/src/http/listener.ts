import { createServer, type RequestListener, type Server } from 'node:http'
import type { Settings } from '@vieter/config'
import type { Logger } from 'pino'
import { limitConnections } from './connection-limit.ts'
import { closeIdleConnections } from './idle-connections.ts'
import type { IsTrustedProxy } from './trusted-proxies.ts'
import { takeTurns } from './turns.ts'

interface ListenerOptions {
  settings: Pick<Settings, 'header_timeout' | 'idle_timeout' | 'max_connections_per_address'>
  isTrustedProxy: IsTrustedProxy
  log: Logger
}

/** Longer than the minute for which nginx keeps the connections of its upstreams: the one that opens them closes them. */
const keepAliveTimeout = 65_000

/** Bytes of a request's head: room for the signature of a package, 16 KiB in base64, beside the usual 16 KiB. */
const maxHeaderSize = 40 * 1024

/** Node's HTTP server with limits that hold against clients that are slow, stand still, or come in crowds. */
export function createListener(
  handle: RequestListener,
  { settings, isTrustedProxy, log }: ListenerOptions,
): Server {
  const idleTimeout = settings.idle_timeout * 1000
  const server = createServer({
    maxHeaderSize,
    headersTimeout: settings.header_timeout * 1000,
    connectionsCheckingInterval: 500,
    // None for whole requests: a large package over a thin line takes hours.
    requestTimeout: 0,
    keepAliveTimeout: Math.min(keepAliveTimeout, idleTimeout),
  })
  const handler = takeTurns(closeIdleConnections(server, { timeout: idleTimeout, handle }))
  server.on('request', handler)
  // Node would tell every client at once to send its body: `streamBody` does, after the key was checked.
  server.on('checkContinue', handler)
  limitConnections(server, {
    limit: settings.max_connections_per_address,
    isExempt: isTrustedProxy,
    log,
  })
  return server
}
