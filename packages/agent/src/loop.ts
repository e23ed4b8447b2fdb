import { AppError, contract, type Lease } from '@vieter/api'
import type { Logger } from 'pino'
import { pause } from './abort.ts'
import { runLease, type Workshop } from './run-lease.ts'

interface LoopOptions {
  shop: Workshop
  arch: string
  maxBuilds: number
  /** Milliseconds to wait before the server is asked again after a fault. */
  retryDelay: number
  logger: Logger
  /** Ends the loop: no new leases, running builds are stopped. */
  stop: AbortSignal
  /** Builds one lease; default: `runLease`. */
  run?: typeof runLease
}

/** Seconds for which the server holds a request for jobs when there are none. */
const heldSeconds = 25

/** Leases jobs and builds them, several at once, until it is stopped. Resolves when the last build has ended. */
export async function runLoop(options: LoopOptions): Promise<void> {
  const { shop, maxBuilds, retryDelay, logger, stop } = options
  const running = new Set<Promise<void>>()
  const stopped = new Promise<void>((resolve) => {
    if (stop.aborted) resolve()
    stop.addEventListener('abort', () => resolve(), { once: true })
  })
  let isOut = false
  while (!stop.aborted) {
    if (running.size >= maxBuilds) {
      await Promise.race([...running, stopped])
      continue
    }
    try {
      const leases = await leaseJobs(options, maxBuilds - running.size)
      if (isOut) logger.info('the server answers again')
      isOut = false
      for (const lease of leases) {
        const build = buildOne(options, lease).finally(() => running.delete(build))
        running.add(build)
      }
    } catch (error) {
      if (stop.aborted) break
      if (!isOut) logger.error(faultOf(error), `no jobs from ${shop.address}; asking again until it answers`)
      isOut = true
      await pause(retryDelay, stop)
    }
  }
  await Promise.all(running)
}

function leaseJobs({ shop, arch, stop }: LoopOptions, max: number): Promise<Lease[]> {
  return shop.client.call(contract.leaseJobs, {
    query: { arch: [arch], max, agent: shop.agent, wait: heldSeconds },
    signal: stop,
  })
}

async function buildOne({ shop, logger, stop, run = runLease }: LoopOptions, lease: Lease): Promise<void> {
  const job = logger.child({ job: lease.job_id, target: lease.target_id, log: lease.log_id })
  job.info({ repo: lease.repo, arch: lease.arch }, 'build begins')
  try {
    const ending = await run(shop, lease, { stop })
    if (ending.kind === 'lost') job.warn('build given up: its lease is lost')
    else job.info({ exit_code: ending.exitCode }, 'build ended')
  } catch (error) {
    job.error(faultOf(error), 'build broke off')
  }
}

function faultOf(error: unknown): object {
  if (error instanceof AppError) return { code: error.code, reason: error.message, hint: error.hint }
  return { err: error }
}
