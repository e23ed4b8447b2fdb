import type { Finding } from '../domain/finding.ts'
import type { Store } from './open-store.ts'

/** Entries whose package is not there, has no texts, or is another one: no database can hold them. */
export async function findEntryFaults(store: Store): Promise<Finding[]> {
  const rows = await store
    .selectFrom('entries')
    .leftJoin('packages', 'packages.id', 'entries.package_id')
    .leftJoin('package_texts', 'package_texts.package_id', 'entries.package_id')
    .leftJoin('arch_repos', 'arch_repos.id', 'entries.arch_repo_id')
    .leftJoin('repositories', 'repositories.id', 'arch_repos.repository_id')
    .select(['entries.arch_repo_id as archRepoId', 'entries.name as name', 'packages.id as packageId'])
    .select(['package_texts.package_id as textsOf', 'packages.name as packageName', 'removed_at'])
    .select(['repositories.name as repository', 'arch_repos.arch as arch'])
    .where(({ or, eb, ref }) =>
      or([
        eb('packages.id', 'is', null),
        eb('package_texts.package_id', 'is', null),
        eb('packages.name', '!=', ref('entries.name')),
        eb('packages.repository_id', '!=', ref('arch_repos.repository_id')),
        eb('packages.removed_at', 'is not', null),
        eb('arch_repos.id', 'is', null),
        eb('arch_repos.visible', '=', 0),
      ]),
    )
    .execute()
  return rows.map(({ archRepoId, name, repository, arch, ...row }) => ({
    kind: 'entry',
    where: `${repository ?? '?'}/${arch ?? '?'} ${name}`,
    what: describe(name, row),
    repairable: true,
    archRepoId,
    name,
  }))
}

function describe(
  name: string,
  row: {
    packageId: number | null
    textsOf: number | null
    packageName: string | null
    removed_at: number | null
  },
): string {
  if (row.packageId === null) return 'the entry’s package is not there'
  if (row.textsOf === null) return 'the entry’s package has no texts'
  if (row.packageName !== name) return `the entry’s package is ${row.packageName}`
  if (row.removed_at !== null) return 'the entry’s package was removed'
  return 'the entry belongs to no repository that there is'
}

/** Packages that count as published although no database holds them: they would be kept for ever. */
export async function findForgottenPackages(store: Store): Promise<Finding[]> {
  const rows = await store
    .selectFrom('packages')
    .leftJoin('repositories', 'repositories.id', 'packages.repository_id')
    .select(['packages.id as packageId', 'repositories.name as repository', 'filename'])
    .where('removed_at', 'is', null)
    .where(({ not, exists, selectFrom, ref }) =>
      not(exists(selectFrom('entries').select('entries.name').where('package_id', '=', ref('packages.id')))),
    )
    .execute()
  return rows.map(({ packageId, repository, filename }) => ({
    kind: 'package',
    where: `${repository ?? '?'} ${filename}`,
    what: 'no database holds the package, and nothing says since when',
    repairable: true,
    packageId,
  }))
}
