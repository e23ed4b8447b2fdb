import { AppError, contract } from '@vieter/api'
import { machineArchitecture } from '@vieter/config'
import type { Invocation } from '../invocation.ts'
import { createLogPrinter } from '../log-printer.ts'
import { UsageError } from '../usage-error.ts'

/** The options of `targets build`. */
export interface BuildOptions {
  force?: true
  remote?: true
  arch?: string[]
  timeout?: number
}

/**
 * Builds a target in this machine's container engine under a lease of its own, printing the log as it comes.
 * Throws BUILD_FAILED when the build does not succeed, and ENGINE_UNREACHABLE before anything is leased.
 */
export async function buildTargetHere(invocation: Invocation<BuildOptions>, id: number): Promise<0> {
  const { options, surroundings } = invocation
  const settings = invocation.settings()
  const client = invocation.client()
  const { buildHere, probeEngine } = await import('@vieter/agent')
  const probe = await probeEngine(settings)
  if (!probe.ok) throw new AppError('ENGINE_UNREACHABLE', { message: probe.message, hint: probe.hint })
  const lease = await client.call(contract.startJob, {
    query: {
      target: id,
      arch: archOf(options, settings.arch, surroundings.machine),
      agent: 'vieter targets build',
      ...(options.force ? { force: true } : {}),
      ...(options.timeout ? { timeout: options.timeout } : {}),
    },
  })
  const printer = createLogPrinter(surroundings)
  const exitCode = await buildHere(settings, lease, {
    signal: surroundings.stopSignal(),
    print: (text) => printer.print(text),
  })
  await printer.end()
  if (exitCode === 0) return 0
  throw new AppError('BUILD_FAILED', {
    message: `The build of target ${id} ended with exit code ${exitCode}.`,
    hint: `\`vieter logs content ${lease.log_id}\` shows its log again.`,
  })
}

function archOf(options: BuildOptions, configured: string | undefined, machine: string): string {
  if (options.arch && options.arch.length !== 1) {
    throw new UsageError('A build on this machine is for one architecture.', 'For instance: --arch x86_64.')
  }
  const arch = options.arch?.[0] ?? configured ?? machineArchitecture(machine)
  if (arch !== undefined) return arch
  throw new UsageError(`This machine's architecture, ${machine}, is not known.`, 'Name one with --arch.')
}
