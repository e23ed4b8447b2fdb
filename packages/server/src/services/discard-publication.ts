import type { Context } from '../context.ts'
import type { Store } from '../store/open-store.ts'
import { deletePublication, findExpiredPublications, findPublication } from '../store/publications.ts'
import { takeStagedPackages } from '../store/staged-packages.ts'
import { getOpenPublication } from './find-publication.ts'

type Parts = Pick<Context, 'store' | 'blobs'>

/** Throws a publication away with all that came to it. Throws PUBLICATION_NOT_FOUND and PUBLICATION_COMMITTED. */
export async function discardPublication({ store, blobs }: Parts, id: number): Promise<void> {
  const spare = await store.transaction().execute(async (trx) => {
    await getOpenPublication(trx, id)
    return takePublication(trx, id)
  })
  for (const key of spare) await blobs.delete(key)
}

/** Forgets publications to which nothing came for long: those left open, with their packages, and those committed. */
export async function expirePublications({
  store,
  blobs,
  clock,
  log,
}: Parts & Pick<Context, 'clock' | 'log'>): Promise<void> {
  const now = clock()
  for (const id of await findExpiredPublications(store, now)) {
    const spare = await store.transaction().execute(async (trx) => {
      const row = await findPublication(trx, id)
      return row && row.expires_at < now ? takePublication(trx, id) : []
    })
    if (spare.length > 0)
      log.warn({ publication: id, packages: spare.length }, 'an abandoned publication was thrown away')
    for (const key of spare) await blobs.delete(key)
  }
}

async function takePublication(trx: Store, id: number): Promise<string[]> {
  await deletePublication(trx, id)
  return takeStagedPackages(trx, { kind: 'publication', id })
}
