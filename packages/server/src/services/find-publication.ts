import { AppError, type Publication, type ReceivedPackage } from '@vieter/api'
import type { Context } from '../context.ts'
import type { StoredPackage } from '../domain/stored-package.ts'
import type { Store } from '../store/open-store.ts'
import { findPublication } from '../store/publications.ts'
import { findStagedPackages } from '../store/staged-packages.ts'
import type { PublicationRow } from '../store/tables.ts'

/** A publication as its owner sees it. Throws PUBLICATION_NOT_FOUND. */
export async function getPublication({ store }: Pick<Context, 'store'>, id: number): Promise<Publication> {
  const { repo, opened_at, expires_at, result } = await getPublicationRow(store, id)
  const packages = await findStagedPackages(store, { kind: 'publication', id })
  return { id, repo, opened_at, expires_at, committed: result !== '', packages: packages.map(receivedOf) }
}

/** What a sender is told of a package that waits. */
export function receivedOf({ name, version, arch, filename, size, sha256 }: StoredPackage): ReceivedPackage {
  return { name, version, arch, filename, size, sha256 }
}

/** A publication, open or committed. Throws PUBLICATION_NOT_FOUND. */
export async function getPublicationRow(store: Store, id: number): Promise<PublicationRow> {
  const row = await findPublication(store, id)
  if (!row) throw new AppError('PUBLICATION_NOT_FOUND')
  return row
}

/** A publication that takes packages. Throws PUBLICATION_NOT_FOUND and PUBLICATION_COMMITTED. */
export async function getOpenPublication(store: Store, id: number): Promise<PublicationRow> {
  const row = await getPublicationRow(store, id)
  if (row.result !== '') throw new AppError('PUBLICATION_COMMITTED')
  return row
}
