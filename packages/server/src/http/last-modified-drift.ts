import type { Registry } from 'prom-client'
import type { Context } from '../context.ts'

/**
 * Exports how far the dates of databases are ahead of the clock: by seconds where many publishes share one, for as long as
 * the clock was put back by. Clients of this server miss nothing by it (domain/last-modified.ts).
 */
export async function collectLastModifiedDrift(
  { archRepos, clock }: Pick<Context, 'archRepos' | 'clock'>,
  registry: Registry,
): Promise<void> {
  const { Gauge } = await import('prom-client')
  new Gauge({
    name: 'vieter_last_modified_drift_seconds',
    help: 'How far the Last-Modified of an arch-repo’s databases lies in the future; 0 where it does not.',
    labelNames: ['repo', 'arch'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { repository, arch, current } of archRepos.all())
        this.set({ repo: repository, arch }, Math.max(0, current.lastModified - clock()))
    },
  })
}
