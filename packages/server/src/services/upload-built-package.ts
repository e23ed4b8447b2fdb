import type { Published } from '@vieter/api'
import type { Context } from '../context.ts'
import { getHeldJob, type LeaseClaim } from './held-job.ts'
import { type ReceivingParts, receiveUnseen } from './receive-unseen.ts'
import type { PackageBody } from './store-body.ts'

/**
 * Takes a package of a build that has not ended. Nobody sees it before the build is finished.
 * Throws LEASE_LOST, before and after the body was read, and what `receivePackage` throws.
 */
export async function uploadBuiltPackage(
  parts: ReceivingParts & Pick<Context, 'clock'>,
  claim: LeaseClaim,
  body: PackageBody,
): Promise<Published> {
  await getHeldJob(parts, parts.store, claim)
  const { name, version } = await receiveUnseen(parts, {
    body,
    holderOf: async (trx) => ({ kind: 'build', id: (await getHeldJob(parts, trx, claim)).log_id }),
  })
  return { name, version, archs: [] }
}
