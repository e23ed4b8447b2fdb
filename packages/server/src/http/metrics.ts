import { AppError, contract } from '@vieter/api'
import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import type { Context } from '../context.ts'
import { collectEventLoopDelay } from './event-loop-delay.ts'
import { collectLastModifiedDrift } from './last-modified-drift.ts'
import type { Mount } from './mount.ts'

type Parts = Pick<Context, 'settings' | 'archRepos' | 'clock'>

/**
 * Metrics, when they are wanted: those of Vieter 0.6, the event loop's delay and the drift of dates. Otherwise their
 * address does not exist.
 */
export async function mountMetrics(mount: Mount, server: FastifyInstance, parts: Parts): Promise<void> {
  const registry = parts.settings.collect_metrics ? await collectAll(server, parts) : undefined
  mount(contract.getMetrics, async ({ reply }) => {
    if (!registry) throw new AppError('ROUTE_NOT_FOUND', { hint: 'Set `collect_metrics` on the server.' })
    reply.type(registry.contentType)
    return registry.metrics()
  })
}

async function collectAll(server: FastifyInstance, parts: Parts): Promise<Registry> {
  const { Registry } = await import('prom-client')
  const registry = new Registry()
  await collectEventLoopDelay(server, registry)
  await collectLastModifiedDrift(parts, registry)
  await collectRequests(server, registry)
  return registry
}

async function collectRequests(server: FastifyInstance, registry: Registry): Promise<void> {
  const { Counter, Histogram } = await import('prom-client')
  const labelNames = ['method', 'path', 'status'] as const
  const total = new Counter({
    name: 'vieter_http_requests_total',
    help: 'Requests answered.',
    labelNames,
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'vieter_http_requests_duration_seconds',
    help: 'Time from a request to its answer.',
    labelNames,
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    registers: [registry],
  })
  server.addHook('onResponse', async (request, reply) => {
    const labels = {
      method: request.method,
      path: request.routeOptions.url ?? '',
      status: String(reply.statusCode),
    }
    total.inc(labels)
    seconds.observe(labels, reply.elapsedTime / 1000)
  })
}
