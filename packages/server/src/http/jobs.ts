import { contract } from '@vieter/api'
import type { Context } from '../context.ts'
import { appendLog } from '../services/append-log.ts'
import { enqueueJob } from '../services/enqueue-job.ts'
import { extendLease } from '../services/extend-lease.ts'
import { findJobs } from '../services/find-jobs.ts'
import { finishBuild } from '../services/finish-build.ts'
import { leaseJobs, pollJobs } from '../services/lease-jobs.ts'
import { startJob } from '../services/start-job.ts'
import { uploadBuiltPackage } from '../services/upload-built-package.ts'
import { packageBody, readBody } from './body.ts'
import { answerEmpty, claimOf, type Mount } from './mount.ts'
import { createKeyWarnings } from './warn-of-key.ts'

/** Bytes of one piece of a log. */
const maxLogPiece = 4 * 1024 * 1024

export function mountJobs(mount: Mount, context: Context): void {
  const warnOfKey = createKeyWarnings(context)
  mount(contract.enqueueJob, async ({ query, reply }) => {
    const { target, arch, force, timeout } = query
    await enqueueJob(context, { target, arch, force: force === true, timeout })
    return answerEmpty(reply)
  })
  mount(contract.pollJobs, async ({ query, request, caller }) => {
    warnOfKey(caller(), { agent: 'of Vieter 0.6', address: request.ip })
    return pollJobs(context, { ...query, caller: caller() })
  })
  mount(contract.listJobs, async ({ query }) =>
    findJobs(context, { limit: query.limit ?? 25, offset: query.offset ?? 0 }),
  )
  mount(contract.leaseJobs, async ({ query, request, reply, caller }) => {
    const { arch, max = 1, agent = '', wait = 0 } = query
    warnOfKey(caller(), { agent, address: request.ip })
    const hungUp = new AbortController()
    reply.raw.once('close', () => hungUp.abort())
    return leaseJobs(context, { archs: arch, max, agent, caller: caller(), wait, signal: hungUp.signal })
  })
  mount(contract.startJob, async ({ query, caller }) => {
    const { target, arch, force, timeout, agent = '' } = query
    return startJob(context, { target, arch, force: force === true, timeout, agent, caller: caller() })
  })
  mount(contract.extendLease, async (call) => extendLease(context, claimOf(call)))
  mount(contract.appendLog, async (call) => {
    const bytes = await readBody(call, maxLogPiece)
    return { size: await appendLog(context, claimOf(call), { offset: call.query.offset, bytes }) }
  })
  mount(contract.uploadBuiltPackage, async (call) =>
    uploadBuiltPackage(context, claimOf(call), packageBody(call)),
  )
  mount(contract.finishBuild, async (call) => finishBuild(context, claimOf(call), call.query.exit_code))
}
