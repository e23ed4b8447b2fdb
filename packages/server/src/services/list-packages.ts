import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import * as listing from '../store/listing.ts'
import { findArchRepo } from '../store/repositories.ts'

export type { ListedPackage } from '../store/listing.ts'

/** Few enough that others are served between two pages, and that a page is small beside the rest of the server. */
const pageSize = 250

/**
 * The packages of an arch-repo by name, page by page, each read when it is asked for: whoever publishes meanwhile may be
 * seen or not. Throws REPOSITORY_NOT_FOUND.
 */
export async function listPackages(
  { store }: Pick<Context, 'store'>,
  { repository, arch }: { repository: string; arch: string },
): Promise<AsyncIterable<readonly listing.ListedPackage[]>> {
  const archRepo = await findArchRepo(store, repository, arch)
  if (!archRepo) throw new AppError('REPOSITORY_NOT_FOUND')
  return readPages(store, archRepo.id)
}

async function* readPages(
  store: Context['store'],
  archRepoId: number,
): AsyncGenerator<readonly listing.ListedPackage[]> {
  for (let after = ''; ; ) {
    const page = await listing.findPackagePage(store, { archRepoId, after, limit: pageSize })
    if (page.length > 0) yield page
    if (page.length < pageSize) return
    after = page.at(-1)?.name ?? ''
  }
}

/** The architectures of a repository. Throws REPOSITORY_NOT_FOUND. */
export async function listArchitectures(
  { store }: Pick<Context, 'store'>,
  repository: string,
): Promise<readonly string[]> {
  const archs = await listing.findArchitectures(store, repository)
  if (archs.length === 0) throw new AppError('REPOSITORY_NOT_FOUND')
  return archs
}

/** When any repository changed last, in UTC epoch seconds; 0 when none ever did. */
export function getLastChange({ store }: Pick<Context, 'store'>): Promise<number> {
  return listing.findLastChange(store)
}
