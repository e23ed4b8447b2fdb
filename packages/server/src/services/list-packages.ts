import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import * as listing from '../store/listing.ts'

export type { ListedPackage } from '../store/listing.ts'

/** Few enough that others are served between two pages, and that a page is small beside the rest of the server. */
const pageSize = 250

/**
 * The packages of an arch-repo by name, page by page, each read when it is asked for: whoever publishes meanwhile may be
 * seen or not. Throws REPOSITORY_NOT_FOUND.
 */
export async function listPackages(
  { reader, archRepos }: Pick<Context, 'reader' | 'archRepos'>,
  { repository, arch }: { repository: string; arch: string },
): Promise<AsyncIterable<readonly listing.ListedPackage[]>> {
  const archRepo = archRepos.find(repository, arch)
  if (!archRepo) throw new AppError('REPOSITORY_NOT_FOUND')
  return readPages(reader, archRepo.id)
}

async function* readPages(
  reader: Context['reader'],
  archRepoId: number,
): AsyncGenerator<readonly listing.ListedPackage[]> {
  for (let after = ''; ; ) {
    const page = await listing.findPackagePage(reader, { archRepoId, after, limit: pageSize })
    if (page.length > 0) yield page
    if (page.length < pageSize) return
    after = page.at(-1)?.name ?? ''
  }
}

/** The architectures of a repository. Throws REPOSITORY_NOT_FOUND. */
export function listArchitectures({ archRepos }: Pick<Context, 'archRepos'>, repository: string): string[] {
  const archs = [...archRepos.of(repository).keys()].sort()
  if (archs.length === 0) throw new AppError('REPOSITORY_NOT_FOUND')
  return archs
}

/** When any repository changed last, in UTC epoch seconds; 0 when none ever did. */
export function getLastChange({ reader }: Pick<Context, 'reader'>): Promise<number> {
  return listing.findLastChange(reader)
}
