import type { PolicyName, TargetKind } from '@vieter/api'
import type { ColumnType, Generated, Insertable, Selectable } from 'kysely'
import type { PackageDetails } from '../domain/package-details.ts'

/*
 * The tables of the SQL store. Times are UTC epoch seconds. Booleans are 0 and 1, as both SQLite and PostgreSQL
 * take them. A repository, its packages and entries are the one truth; databases are made from them.
 */

interface RepositoriesTable {
  id: Generated<number>
  name: string
  /** 0: removed. The row stays, so that numbers and dates of its databases go on when it comes back. */
  visible: number
}

interface ArchReposTable {
  id: Generated<number>
  repository_id: number
  arch: string
  /** The number of the current generation of the database. */
  generation: number
  /** The Last-Modified of the current generation: whole seconds, later than that of every earlier one. */
  last_modified: number
  /** 0: removed, or not yet there. */
  visible: number
  /** How its databases are written: when the program or its settings differ, all are written anew. */
  format: string
  /** When its entries changed last. */
  updated_at: number
}

interface PackagesTable extends PackageDetails {
  id: Generated<number>
  repository_id: number
  name: string
  version: string
  /** The architecture of the package itself; `any` has entries in every arch-repo of its repository. */
  arch: string
  filename: string
  /** Bytes of the archive. */
  size: number
  /** Lower-case hex. */
  sha256: string
  blob_key: string
  /** Lower-case hex; empty when it was not wanted at the time. */
  md5: string
  /** The detached signature that came with it, in base64; empty without one. */
  signature: string
  /** What its .PKGINFO says beyond the entry, as JSON; null: it was published when that was not kept. */
  extra: string | null
  published_at: number
  /** When the last entry went; its file is still served for a grace period. */
  removed_at: number | null
}

/** The texts of a package's entry, as pacman's databases hold them; `desc` without MD5SUM and PGPSIG. */
interface PackageTextsTable {
  package_id: number
  desc: string
  files: string
}

/** The pieces that the current databases of an arch-repo are strung from. */
interface SegmentsTable {
  arch_repo_id: number
  kind: ColumnType<'db' | 'files', 'db' | 'files', 'db' | 'files'>
  /** The name of the first package in it: a segment ends where the next one begins. */
  first_name: string
  /** The number of the pack file that holds it, and where it stands there, in bytes. */
  pack: number
  position: number
  length: number
  /** Bytes of tar that it inflates to, and their CRC-32. */
  size: number
  crc32: number
}

interface EntriesTable {
  arch_repo_id: number
  name: string
  package_id: number
}

interface TargetsTable {
  id: Generated<number>
  kind: ColumnType<TargetKind, TargetKind, TargetKind>
  url: string
  branch: string
  repo: string
  schedule: string
  path: string
  /** When the schedule comes due next. */
  next_run: number
}

interface TargetArchsTable {
  id: Generated<number>
  target_id: number
  value: string
}

interface JobsTable {
  id: Generated<number>
  target_id: number
  arch: string
  state: ColumnType<'queued' | 'leased', 'queued' | 'leased', 'queued' | 'leased'>
  force: number
  /** Seconds; null: the server's default. */
  timeout: number | null
  created_at: number
  /** How many leases on it have expired. */
  attempts: number
  agent: string
  /** Where the packages of the build that runs go; empty while queued. */
  repo: string
  /** 1: handed to a Vieter 0.6 agent, which has no token and does not extend. */
  legacy: number
  /** Lower-case hex of the SHA-256 of the lease token; empty when not leased. */
  token_hash: string
  expires_at: number | null
  log_id: number | null
  /** The token of who leased it; null: the API key, or not leased. */
  token_id: number | null
}

interface LogsTable {
  id: Generated<number>
  target_id: number
  arch: string
  start_time: number
  /** Null while the build runs. */
  end_time: number | null
  exit_code: number | null
}

/** What the server does by itself. */
interface ChoresTable {
  name: string
  /** When it comes due next. */
  next_run: number
}

/** Packages that are to be published in one commit. */
interface PublicationsTable {
  id: Generated<number>
  /** The name of the repository, which need not exist yet. */
  repo: string
  opened_at: number
  /** When it is forgotten: later with each package that comes. */
  expires_at: number
  /** What its commit answered, as JSON; empty as long as it is open. */
  result: string
}

export type HolderKind = 'build' | 'publication'

/** Packages that nobody sees yet. */
interface StagedPackagesTable {
  id: Generated<number>
  /** What they wait for: the end of a build, by the id of its log, or the commit of a publication. */
  holder: ColumnType<HolderKind, HolderKind, HolderKind>
  holder_id: number
  filename: string
  blob_key: string
  /** The package to be published, as JSON. */
  package: string
}

/** The policies that a repository has of its own; null: the default. */
type RepositoryPoliciesTable = { repository_id: number } & Record<PolicyName, string | null>

export interface TokensTable {
  id: Generated<number>
  /** Unique among those that are not revoked. */
  name: string
  /** Lower-case hex of the SHA-256 of the token. */
  secret_hash: string
  /** A comma list, such as `publish:REPO,read`. */
  scopes: string
  /** A comma list; empty: all. */
  archs: string
  created_at: number
  /** Null: never. */
  expires_at: number | null
  /** Null: never. Written a while after the use. */
  last_used_at: number | null
  /** Null: not revoked. The row stays, so that whoever shows the token is told what became of it. */
  revoked_at: number | null
}

/** Lists of names of official repositories. */
interface NameListsTable {
  id: Generated<number>
  name: string
  imported_at: number
}

interface ListedNamesTable {
  name: string
  list_id: number
}

/** Which bytes a repository served last under a file name, also when that was long ago: clients may have them still. */
interface ServedFilesTable {
  repository_id: number
  filename: string
  /** Lower-case hex. */
  sha256: string
}

export interface Tables {
  repositories: RepositoriesTable
  arch_repos: ArchReposTable
  packages: PackagesTable
  package_texts: PackageTextsTable
  segments: SegmentsTable
  entries: EntriesTable
  targets: TargetsTable
  target_archs: TargetArchsTable
  jobs: JobsTable
  logs: LogsTable
  publications: PublicationsTable
  chores: ChoresTable
  staged_packages: StagedPackagesTable
  repository_policies: RepositoryPoliciesTable
  tokens: TokensTable
  name_lists: NameListsTable
  listed_names: ListedNamesTable
  served_files: ServedFilesTable
}

export type JobRow = Selectable<JobsTable>
export type LogRow = Selectable<LogsTable>
export type PublicationRow = Selectable<PublicationsTable>
export type TargetRow = Selectable<TargetsTable>
export type NewTargetRow = Insertable<TargetsTable>
