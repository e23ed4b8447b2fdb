import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import { contains, escapeLike, like } from './like.ts'
import type { Store } from './open-store.ts'
import type { Tables } from './tables.ts'

/** Which packages are wanted: those that fit everything that is given. */
export interface PackageFilter {
  archRepoIds: readonly number[]
  name?: string | undefined
  base?: string | undefined
  /** Parts of name or description, in lower case; the best name comes first. */
  words: readonly string[]
  /** What a package provides or is, by its name; with a version exactly that provision. */
  provides?: string | undefined
}

/** A package in one arch-repo. */
export interface FoundEntry {
  archRepoId: number
  packageId: number
}

/** What a list tells of it. Sizes are bytes, times UTC epoch seconds. */
export interface PackageSummaryRow extends FoundEntry {
  name: string
  version: string
  base: string
  description: string
  arch: string
  filename: string
  size: number
  installedSize: number
  buildDate: number
  publishedAt: number
}

const summaryColumns = [
  'arch_repo_id as archRepoId',
  'entries.package_id as packageId',
  'packages.name as name',
  'version',
  'base',
  'description',
  'arch',
  'filename',
  'size',
  'installed_size as installedSize',
  'build_date as buildDate',
  'published_at as publishedAt',
] as const

/** A page of what fits, the best first, else by name. */
export async function findPackageSummaries(
  store: Store,
  filter: PackageFilter,
  { limit, offset }: { limit: number; offset: number },
): Promise<PackageSummaryRow[]> {
  return fitting(store, filter).select(summaryColumns).limit(limit).offset(offset).execute()
}

/** All that fits, in the same order. */
export async function findPackageIds(store: Store, filter: PackageFilter): Promise<FoundEntry[]> {
  return fitting(store, filter)
    .select(['arch_repo_id as archRepoId', 'entries.package_id as packageId'])
    .execute()
}

/** What lists tell of some packages, in no order, of all arch-repos that hold them. */
export async function findSummariesOf(
  store: Store,
  packageIds: readonly number[],
): Promise<PackageSummaryRow[]> {
  return joined(store).select(summaryColumns).where('entries.package_id', 'in', packageIds).execute()
}

function joined(store: Store) {
  return store.selectFrom('entries').innerJoin('packages', 'packages.id', 'entries.package_id')
}

function fitting(store: Store, { archRepoIds, name, base, words, provides }: PackageFilter) {
  let query = joined(store).where('arch_repo_id', 'in', archRepoIds)
  if (name !== undefined) query = query.where('entries.name', '=', name)
  if (base !== undefined) query = query.where('base', '=', base)
  if (provides !== undefined) query = query.where((eb) => isProvided(eb, provides))
  for (const word of words)
    query = query.where(({ ref }) => like(ref('search_text'), `%${escapeLike(word)}%`))
  if (words.length > 0) query = query.orderBy((eb) => rankOf(eb, words))
  return query.orderBy('entries.name').orderBy('arch_repo_id')
}

type Builder = ExpressionBuilder<Tables, 'entries' | 'packages'>

/** Each provision stands between line ends. */
function isProvided({ or, eb, ref }: Builder, provides: string): Expression<SqlBool> {
  const holds = (part: string) => contains(ref('provides'), part)
  if (provides.includes('=')) return holds(`\n${provides}\n`)
  return or([eb('entries.name', '=', provides), holds(`\n${provides}\n`), holds(`\n${provides}=`)])
}

/** A word is the name, begins it, stands in it, or all stand in the description alone. The first line is the name. */
function rankOf({ case: choose, or, ref }: Builder, words: readonly string[]): Expression<number> {
  const holds = (pattern: (word: string) => string) =>
    or(words.map((word) => like(ref('search_text'), pattern(escapeLike(word)))))
  return choose()
    .when(holds((word) => `${word}\n%`))
    .then(0)
    .when(holds((word) => `${word}%`))
    .then(1)
    .when(holds((word) => `%${word}%\n%`))
    .then(2)
    .else(3)
    .end()
}
