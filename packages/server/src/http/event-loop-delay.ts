import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'

/** Milliseconds between two looks: what an idle server shows as its delay. */
const resolution = 10
const quantiles = [0.5, 0.99, 0.999]

/**
 * Exports how long the event loop keeps its timers waiting, since the server listens: the time between two firings of a
 * timer of 10 ms, these 10 ms included (perf_hooks.monitorEventLoopDelay).
 */
export async function collectEventLoopDelay(server: FastifyInstance, registry: Registry): Promise<void> {
  const { Gauge } = await import('prom-client')
  const delay = monitorEventLoopDelay({ resolution })
  server.addHook('onListen', async () => void delay.enable())
  server.addHook('onClose', async () => void delay.disable())
  new Gauge({
    name: 'vieter_event_loop_delay_seconds',
    help: `Time between two firings of a timer of ${resolution} ms, since the start.`,
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      for (const quantile of quantiles) this.set({ quantile }, delay.percentile(quantile * 100) / 1e9)
    },
  })
  new Gauge({
    name: 'vieter_event_loop_delay_max_seconds',
    help: `The longest time between two firings of a timer of ${resolution} ms, since the start.`,
    registers: [registry],
    collect() {
      this.set(delay.max / 1e9)
    },
  })
}
