import { AppError, type Published } from '@vieter/api'
import type { Context } from '../context.ts'
import { parseSignature } from '../domain/package-signature.ts'
import type { Insistence } from '../domain/publish-rules.ts'
import { parseRepository } from '../domain/repository-name.ts'
import { commitPackages } from './commit-packages.ts'
import { receivePackage } from './receive-package.ts'
import type { PackageBody } from './store-body.ts'

interface PublishInput extends Insistence {
  repository: string
  body: PackageBody
  /** The detached one that it comes with, in base64; left out without one. */
  signature?: string | undefined
}

type Parts = Pick<
  Context,
  'store' | 'reader' | 'blobs' | 'settings' | 'archives' | 'disk' | 'policies' | 'commits' | 'log'
>

/**
 * Publishes a package: when this resolves it is durable and in the databases of all arch-repos concerned.
 * Throws SIGNATURE_INVALID, and what `receivePackage` and `commitPackages` throw; then nothing has changed.
 */
export async function publishPackage(
  parts: Parts,
  { repository, body, signature, ...insistence }: PublishInput,
): Promise<Published> {
  const name = parseRepository(repository)
  const pkg = await receivePackage(parts, body, parseSignature(signature))
  try {
    const { published } = await commitPackages(parts, { repository: name, packages: [pkg], ...insistence })
    const [only] = published
    if (!only) throw new Error(`nothing became of ${pkg.filename}`)
    return only
  } catch (fault) {
    // Any other fault may have struck after the commit: then the blob is in use.
    if (fault instanceof AppError) await parts.blobs.delete(pkg.blobKey)
    throw fault
  }
}
