import type { PublishedTogether } from '@vieter/api'
import type { Context } from '../context.ts'
import type { Insistence } from '../domain/publish-rules.ts'
import type { StoredPackage } from '../domain/stored-package.ts'
import type { StoreTransaction } from '../store/open-store.ts'
import { findStagedPackages, type Holder, takeStagedPackages } from '../store/staged-packages.ts'
import { commitPackages } from './commit-packages.ts'

/** The parts that packages are published with. */
export type PublishingParts = Parameters<typeof commitPackages>[0] & Pick<Context, 'settings'>

interface Publishing extends Insistence {
  /** A name that was parsed. */
  repository: string
  holder: Holder
  /** Whether a single package is all that its pkgbase has; of several this is taken for granted. */
  isComplete: boolean
  /** What ends the holder, in the transaction that shows the packages. When it throws, nothing has changed. */
  end(trx: StoreTransaction, together: PublishedTogether): Promise<void>
}

/**
 * Publishes all packages that wait for a holder in one commit, or none; does nothing and returns undefined when there are
 * none. Throws what `commitPackages` and `end` throw: then they wait on.
 */
export async function publishUnseen(
  parts: PublishingParts,
  publishing: Publishing,
): Promise<PublishedTogether | undefined> {
  for (;;) {
    const packages = await findStagedPackages(parts.store, publishing.holder)
    if (packages.length === 0) return undefined
    const together = await publishThese(parts, packages, publishing)
    if (together !== 'others came') return together
  }
}

async function publishThese(
  parts: PublishingParts,
  packages: readonly StoredPackage[],
  { repository, holder, isComplete, end, ...insistence }: Publishing,
): Promise<PublishedTogether | 'others came'> {
  const fate = parts.settings.split_leftovers === 'remove' ? 'remove' : 'report'
  const leftovers = isComplete || packages.length > 1 ? ({ leftovers: fate } as const) : {}
  let othersCame = false
  try {
    return await commitPackages(
      parts,
      { repository, packages, ...leftovers, ...insistence },
      async (trx, together) => {
        const keys = new Set(await takeStagedPackages(trx, holder))
        othersCame = keys.size !== packages.length || !packages.every(({ blobKey }) => keys.has(blobKey))
        if (othersCame) throw new Error('packages came while they were being published')
        await end(trx, together)
      },
    )
  } catch (fault) {
    if (!othersCame) throw fault
    return 'others came'
  }
}
