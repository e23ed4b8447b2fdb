import { AppError, type PackageSummary } from '@vieter/api'
import type { Context } from '../context.ts'
import { parseWantedFile } from '../domain/pick-paths.ts'
import {
  type FoundEntry,
  findPackageIds,
  findPackageSummaries,
  findSummariesOf,
  type PackageFilter,
  type PackageSummaryRow,
} from '../store/package-search.ts'
import type { ArchRepo } from './arch-repos.ts'
import { summaryOf } from './package-summary.ts'
import { searchFiles } from './search-files.ts'

interface PackageQuery {
  limit: number
  offset: number
  repo?: string | undefined
  arch?: string | undefined
  name?: string | undefined
  base?: string | undefined
  /** Words that must all stand in name or description. */
  query?: string | undefined
  provides?: string | undefined
  /** The path of a file, or its name alone. */
  file?: string | undefined
}

type Parts = Pick<Context, 'archRepos' | 'lookups' | 'fileSearches' | 'stopping'>

/** More than this many words are more than anyone types. */
const maxWords = 16

/** Who asks. */
interface Asker {
  /** Whether they may read a repository: of the others nothing is told. */
  mayRead(repository: string): boolean
  /** Aborted when they have gone: then nobody looks at the answer. */
  signal: AbortSignal
}

/** Lists packages, or searches them, as they are in their arch-repos. Throws PARAMETER_INVALID and SHUTTING_DOWN. */
export async function findPackages(
  parts: Parts,
  { repo, arch, name, base, query, provides, file, limit, offset }: PackageQuery,
  { mayRead, signal }: Asker,
): Promise<PackageSummary[]> {
  const places = repo === undefined ? parts.archRepos.all() : [...parts.archRepos.of(repo).values()]
  const wanted = places.filter((one) => (arch === undefined || one.arch === arch) && mayRead(one.repository))
  const archRepos = new Map(wanted.map((one) => [one.id, one]))
  if (archRepos.size === 0) return []
  const filter = { archRepoIds: [...archRepos.keys()], name, base, provides, words: wordsOf(query) }
  const page = { limit, offset }
  if (file === undefined) {
    const rows = await findPackageSummaries(parts.lookups.store, filter, page)
    return rows.map((row) => placedSummaryOf(row, archRepos))
  }
  return findOwners(parts, { filter, file, page, signal }, archRepos)
}

function wordsOf(query = ''): string[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length <= maxWords) return words
  throw new AppError('PARAMETER_INVALID', {
    message: `Parameter query must have at most ${maxWords} words, but has ${words.length}.`,
  })
}

interface OwnerQuery {
  filter: PackageFilter
  file: string
  page: { limit: number; offset: number }
  signal: AbortSignal
}

async function findOwners(
  parts: Parts,
  { filter, file, page, signal }: OwnerQuery,
  archRepos: ReadonlyMap<number, ArchRepo>,
): Promise<PackageSummary[]> {
  const wanted = parseWantedFile(file)
  if (!wanted) {
    throw new AppError('PARAMETER_INVALID', {
      message: `Parameter file must be a path or the name of a file, but is ${JSON.stringify(file.slice(0, 100))}.`,
    })
  }
  const entries = await findPackageIds(parts.lookups.store, filter)
  const owned = await searchFiles(parts, { entries, wanted, ...page }, signal)
  const ids = [...new Set(owned.map(({ packageId }) => packageId))]
  const rows = await findSummariesOf(parts.lookups.store, ids)
  const rowOf = new Map(rows.map((row) => [keyOf(row), row]))
  // One that was removed meanwhile has no row any more.
  return owned.flatMap(({ paths, ...entry }) => {
    const row = rowOf.get(keyOf(entry))
    return row ? [{ ...placedSummaryOf(row, archRepos), paths }] : []
  })
}

function keyOf({ archRepoId, packageId }: FoundEntry): string {
  return `${archRepoId} ${packageId}`
}

function placedSummaryOf(row: PackageSummaryRow, archRepos: ReadonlyMap<number, ArchRepo>): PackageSummary {
  const { repository = '', arch = '' } = archRepos.get(row.archRepoId) ?? {}
  return summaryOf(row, { repo: repository, arch })
}
