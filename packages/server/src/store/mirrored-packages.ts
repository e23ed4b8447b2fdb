import type { Store } from './open-store.ts'

/** A package whose file clients may ask for. */
export interface MirroredPackage {
  filename: string
  key: string
  /** Bytes. */
  size: number
  /** The detached signature in base64; empty without one. */
  signature: string
  /** UTC epoch seconds. */
  publishedAt: number
}

/** The packages of an arch-repo that are in its repository, or were until a time (UTC epoch seconds): one for each file name. */
export async function findMirroredPackages(
  store: Store,
  archRepoId: number,
  removedSince: number,
): Promise<MirroredPackage[]> {
  const rows = await store
    .selectFrom('packages')
    .innerJoin('arch_repos', 'arch_repos.repository_id', 'packages.repository_id')
    .select(['filename', 'blob_key as key', 'size', 'signature', 'published_at as publishedAt'])
    .where('arch_repos.id', '=', archRepoId)
    .where(({ or, eb, ref }) =>
      or([eb('packages.arch', '=', ref('arch_repos.arch')), eb('packages.arch', '=', 'any')]),
    )
    .where(({ or, eb }) => or([eb('removed_at', 'is', null), eb('removed_at', '>=', removedSince)]))
    .orderBy((eb) => eb.case().when('removed_at', 'is', null).then(0).else(1).end())
    .orderBy('packages.id', 'desc')
    .execute()
  const first = new Map<string, MirroredPackage>()
  for (const row of rows) if (!first.has(row.filename)) first.set(row.filename, row)
  return [...first.values()]
}
