import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import { parseArch } from '../domain/repository-name.ts'
import * as jobs from '../store/jobs.ts'
import { findTarget } from '../store/targets.ts'

interface EnqueueInput {
  target: number
  arch: string
  force: boolean
  /** Seconds; undefined: the server's default. */
  timeout?: number | undefined
}

/** Enqueues a build and tells waiting agents. Throws PARAMETER_INVALID for an unknown target or a bad architecture. */
export async function enqueueJob(
  { store, clock, jobEvents }: Pick<Context, 'store' | 'clock' | 'jobEvents'>,
  { target, arch, force, timeout }: EnqueueInput,
): Promise<void> {
  parseArch(arch)
  if (!(await findTarget(store, target))) {
    throw new AppError('PARAMETER_INVALID', {
      message: 'Unknown target id.',
      hint: 'List the targets with `vieter targets list`.',
    })
  }
  await jobs.enqueueJob(store, { targetId: target, arch, force, timeout, now: clock() })
  jobEvents.emit('queued')
}
