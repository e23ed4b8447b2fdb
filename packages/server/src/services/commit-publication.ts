import { AppError, type PublishedTogether } from '@vieter/api'
import type { Context } from '../context.ts'
import type { Insistence } from '../domain/publish-rules.ts'
import { editPublication } from '../store/publications.ts'
import { getOpenPublication, getPublicationRow } from './find-publication.ts'
import { type PublishingParts, publishUnseen } from './publish-unseen.ts'

/**
 * Publishes all packages of a publication in one commit, or none. Committed again it answers the same: whoever was not told
 * may ask. Throws PUBLICATION_NOT_FOUND, PUBLICATION_EMPTY, and what `commitPackages` throws; then it stays open.
 */
export async function commitPublication(
  parts: PublishingParts & Pick<Context, 'clock'>,
  { id, ...insistence }: { id: number } & Insistence,
): Promise<PublishedTogether> {
  const { store, settings, clock } = parts
  const { repo, result } = await getPublicationRow(store, id)
  if (result !== '') return JSON.parse(result) as PublishedTogether
  const together = await publishUnseen(parts, {
    repository: repo,
    holder: { kind: 'publication', id },
    ...insistence,
    isComplete: false,
    async end(trx, outcome) {
      await getOpenPublication(trx, id)
      const expires_at = clock() + settings.publication_timeout
      await editPublication(trx, id, { result: JSON.stringify(outcome), expires_at })
    },
  })
  if (together) return together
  // Another commit may have been quicker.
  const now = await getPublicationRow(store, id)
  if (now.result === '') throw new AppError('PUBLICATION_EMPTY')
  return JSON.parse(now.result) as PublishedTogether
}
