import type { Published } from '@vieter/api'
import type { Context } from '../context.ts'
import { stagePackage } from '../store/staged-packages.ts'
import { getHeldJob, type LeaseClaim } from './held-job.ts'
import { receivePackage } from './receive-package.ts'
import type { PackageBody } from './store-body.ts'

/**
 * Takes a package of a build that has not ended. Nobody sees it before the build is finished.
 * Throws LEASE_LOST, before and after the body was read, and what `receivePackage` throws.
 */
export async function uploadBuiltPackage(
  parts: Pick<Context, 'store' | 'clock' | 'blobs' | 'settings' | 'archives' | 'disk'>,
  claim: LeaseClaim,
  body: PackageBody,
): Promise<Published> {
  await getHeldJob(parts, parts.store, claim)
  const pkg = await receivePackage(parts, body)
  try {
    const earlier = await parts.store.transaction().execute(async (trx) => {
      const { log_id } = await getHeldJob(parts, trx, claim)
      return stagePackage(trx, log_id, pkg)
    })
    if (earlier !== undefined) await parts.blobs.delete(earlier)
  } catch (fault) {
    await parts.blobs.delete(pkg.blobKey)
    throw fault
  }
  return { name: pkg.name, version: pkg.version, archs: [] }
}
