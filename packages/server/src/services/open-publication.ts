import type { Publication } from '@vieter/api'
import type { Context } from '../context.ts'
import { parseRepository } from '../domain/repository-name.ts'
import { addPublication } from '../store/publications.ts'
import { getPublication } from './find-publication.ts'

/** Opens a publication: packages that come to it are seen at once, when it is committed. Throws REPOSITORY_NAME_INVALID. */
export async function openPublication(
  { store, clock, settings }: Pick<Context, 'store' | 'clock' | 'settings'>,
  repository: string,
): Promise<Publication> {
  const now = clock()
  const id = await addPublication(store, {
    repo: parseRepository(repository),
    opened_at: now,
    expires_at: now + settings.publication_timeout,
  })
  return getPublication({ store }, id)
}
