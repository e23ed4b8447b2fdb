import type { PackageFacts } from '../domain/stored-package.ts'
import { batches } from './batches.ts'
import type { Store, StoreTransaction } from './open-store.ts'

/** The SHA-256 (lower-case hex) of what a repository served last under some file names, now or ever. */
export async function findServedHashes(
  store: Store,
  repositoryId: number,
  filenames: readonly string[],
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>()
  for (const batch of batches(filenames)) {
    const rows = await store
      .selectFrom('served_files')
      .select(['filename', 'sha256'])
      .where('repository_id', '=', repositoryId)
      .where('filename', 'in', batch)
      .execute()
    for (const { filename, sha256 } of rows) hashes.set(filename, sha256)
  }
  return hashes
}

/** The names that begin with `STEM-`, for any of some stems, of the files that some repositories ever served. */
export async function findServedNames(
  store: Store,
  repositories: readonly string[],
  stems: readonly string[],
): Promise<string[]> {
  const names: string[] = []
  for (const stem of stems) {
    const rows = await store
      .selectFrom('served_files')
      .innerJoin('repositories', 'repositories.id', 'served_files.repository_id')
      .select('filename')
      .where('repositories.name', 'in', repositories)
      // A dot is what comes next after a hyphen.
      .where('filename', '>=', `${stem}-`)
      .where('filename', '<', `${stem}.`)
      .orderBy('filename')
      .execute()
    names.push(...rows.map(({ filename }) => filename))
  }
  return names
}

/** Remembers under which names a repository serves which bytes from now on. */
export async function rememberFiles(
  trx: StoreTransaction,
  repositoryId: number,
  packages: readonly PackageFacts[],
): Promise<void> {
  // Of several files under one name the last counts; one statement can't write a row twice.
  const hashes = new Map(packages.map(({ filename, sha256 }) => [filename, sha256]))
  const rows = Array.from(hashes, ([filename, sha256]) => ({ repository_id: repositoryId, filename, sha256 }))
  await trx
    .insertInto('served_files')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['repository_id', 'filename'])
        .doUpdateSet(({ ref }) => ({ sha256: ref('excluded.sha256') })),
    )
    .execute()
}
