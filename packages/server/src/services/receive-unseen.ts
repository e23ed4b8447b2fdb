import type { Context } from '../context.ts'
import type { StoredPackage } from '../domain/stored-package.ts'
import type { StoreTransaction } from '../store/open-store.ts'
import { type Holder, stagePackage } from '../store/staged-packages.ts'
import { receivePackage } from './receive-package.ts'
import type { PackageBody } from './store-body.ts'

/** The parts that packages are received with. */
export type ReceivingParts = Pick<Context, 'store' | 'blobs' | 'settings' | 'archives' | 'disk'>

interface Incoming {
  body: PackageBody
  /** In base64; empty without one. */
  signature?: string
  /** Who the package waits for; when it throws, nothing is left of the package. */
  holderOf(trx: StoreTransaction, pkg: StoredPackage): Promise<Holder>
}

/**
 * Receives a package that nobody is to see yet. One of the same file name that its holder has is replaced.
 * Throws what `receivePackage` and `holderOf` throw.
 */
export async function receiveUnseen(
  parts: ReceivingParts,
  { body, signature, holderOf }: Incoming,
): Promise<StoredPackage> {
  const pkg = await receivePackage(parts, body, signature)
  const earlier = await stage(parts, pkg, holderOf)
  if (earlier !== undefined) await parts.blobs.delete(earlier)
  return pkg
}

/** Returns the blob of the file that it takes the place of. When it throws, the blob of the package is deleted. */
async function stage(
  { store, blobs }: ReceivingParts,
  pkg: StoredPackage,
  holderOf: Incoming['holderOf'],
): Promise<string | undefined> {
  try {
    return await store.transaction().execute(async (trx) => stagePackage(trx, await holderOf(trx, pkg), pkg))
  } catch (fault) {
    await blobs.delete(pkg.blobKey)
    throw fault
  }
}
