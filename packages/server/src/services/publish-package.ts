import { AppError, type Published } from '@vieter/api'
import type { Context } from '../context.ts'
import { parseSignature } from '../domain/package-signature.ts'
import { parseRepository } from '../domain/repository-name.ts'
import type { StoredPackage } from '../domain/stored-package.ts'
import { receivePackage } from './receive-package.ts'
import type { PackageBody } from './store-body.ts'

interface PublishInput {
  repository: string
  body: PackageBody
  /** The detached one that it comes with, in base64; left out without one. */
  signature?: string | undefined
  /** Replace another file that was published under the same file name. */
  replace: boolean
}

/**
 * Publishes a package: when this resolves it is durable and in the databases of all arch-repos concerned.
 * Throws REPOSITORY_NAME_INVALID, SIGNATURE_INVALID, PACKAGE_EXISTS, and what `receivePackage` throws; then nothing has changed.
 */
export async function publishPackage(
  parts: Pick<Context, 'blobs' | 'settings' | 'archives' | 'disk' | 'commits'>,
  { repository, body, signature, replace }: PublishInput,
): Promise<Published> {
  const name = parseRepository(repository)
  const pkg = await receivePackage(parts, body, parseSignature(signature))
  try {
    const outcome = await parts.commits.submit(name, { kind: 'publish', packages: [pkg], replace })
    return publishedOf(pkg, outcome.archs)
  } catch (fault) {
    // Any other fault may have struck after the commit: then the blob is in use.
    if (fault instanceof AppError) await parts.blobs.delete(pkg.blobKey)
    throw fault
  }
}

/** What a publisher is told of a package, from the arch-repos that hold it now. */
export function publishedOf(pkg: StoredPackage, archs: ReadonlyMap<string, string[]>): Published {
  return { name: pkg.name, version: pkg.version, archs: archs.get(pkg.filename) ?? [] }
}
