import type { ReceivedPackage } from '@vieter/api'
import type { Context } from '../context.ts'
import { checkJoins } from '../domain/open-publication.ts'
import { parseSignature } from '../domain/package-signature.ts'
import { editPublication } from '../store/publications.ts'
import { findStagedPackages } from '../store/staged-packages.ts'
import { getOpenPublication, receivedOf } from './find-publication.ts'
import { type ReceivingParts, receiveUnseen } from './receive-unseen.ts'
import type { PackageBody } from './store-body.ts'

interface Upload {
  id: number
  body: PackageBody
  /** The detached one that it comes with, in base64; left out without one. */
  signature?: string | undefined
}

/**
 * Takes a package of a publication; nobody sees it before that is committed. Throws PUBLICATION_NOT_FOUND and
 * PUBLICATION_COMMITTED, before and after the body was read, SIGNATURE_INVALID, PACKAGE_TWICE, and what
 * `receivePackage` throws.
 */
export async function uploadToPublication(
  parts: ReceivingParts & Pick<Context, 'clock'>,
  { id, body, signature }: Upload,
): Promise<ReceivedPackage> {
  const { store, clock, settings } = parts
  await getOpenPublication(store, id)
  const pkg = await receiveUnseen(parts, {
    body,
    signature: parseSignature(signature),
    async holderOf(trx, received) {
      const holder = { kind: 'publication' as const, id }
      await getOpenPublication(trx, id)
      checkJoins(received, await findStagedPackages(trx, holder))
      await editPublication(trx, id, { expires_at: clock() + settings.publication_timeout })
      return holder
    },
  })
  return receivedOf(pkg)
}
