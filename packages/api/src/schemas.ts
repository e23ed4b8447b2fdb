import Type, { type Static } from 'typebox'
import { type PolicyName, policyNames } from './policies.ts'

/*
 * The shapes that cross HTTP. Keys, their order and their types are Vieter 0.6's wherever it had the shape: its
 * strict client must go on decoding them. Keys may be added at the end, never removed or retyped.
 */

const Id = Type.Integer({ minimum: 1 })
const EpochSeconds = Type.Integer({ minimum: 0, description: 'UTC, in seconds since 1970' })

export const TargetKind = Type.Union([Type.Literal('git'), Type.Literal('url')])
export type TargetKind = Static<typeof TargetKind>

const TargetArch = Type.Object({ id: Id, target_id: Id, value: Type.String() })

export const Target = Type.Object({
  id: Id,
  kind: TargetKind,
  url: Type.String(),
  branch: Type.String({ description: 'empty: the default branch' }),
  repo: Type.String(),
  schedule: Type.String({ description: 'empty: the server’s global schedule' }),
  path: Type.String({ description: 'the folder of the PKGBUILD inside the source; empty: its root' }),
  arch: Type.Array(TargetArch),
})
export type Target = Static<typeof Target>

/** What a Vieter 0.6 agent is handed by `/jobs/poll`. */
export const BuildConfig = Type.Object({
  target_id: Id,
  kind: TargetKind,
  url: Type.String(),
  branch: Type.String(),
  path: Type.String(),
  repo: Type.String(),
  base_image: Type.String(),
  force: Type.Boolean(),
  timeout: Type.Integer({ minimum: 1, description: 'seconds' }),
})
export type BuildConfig = Static<typeof BuildConfig>

/** A job handed to an agent, with the token that fences off late holders. */
export const Lease = Type.Object({
  job_id: Id,
  log_id: Id,
  token: Type.String(),
  expires_at: EpochSeconds,
  arch: Type.String(),
  ...BuildConfig.properties,
})
export type Lease = Static<typeof Lease>

export const LeaseExtension = Type.Object({ expires_at: EpochSeconds })
export type LeaseExtension = Static<typeof LeaseExtension>

export const JobState = Type.Union([Type.Literal('queued'), Type.Literal('leased')])
export type JobState = Static<typeof JobState>

export const Job = Type.Object({
  id: Id,
  target_id: Id,
  arch: Type.String(),
  state: JobState,
  force: Type.Boolean(),
  created_at: EpochSeconds,
  agent: Type.String({ description: 'who holds the lease; empty while queued' }),
  log_id: Type.Integer({ description: 'the log of the running build; 0 while queued' }),
})
export type Job = Static<typeof Job>

export const Log = Type.Object({
  id: Id,
  target_id: Id,
  start_time: EpochSeconds,
  end_time: EpochSeconds,
  arch: Type.String(),
  exit_code: Type.Integer(),
})
export type Log = Static<typeof Log>

export const LogSize = Type.Object({ size: Type.Integer({ minimum: 0, description: 'bytes' }) })

/** What is no reason to refuse a package, but worth knowing. */
const PublishWarning = Type.Object({
  code: Type.Union([Type.Literal('OFFICIAL_NAME'), Type.Literal('DEBUG_PACKAGE_DROPPED')]),
  message: Type.String(),
})
export type PublishWarning = Static<typeof PublishWarning>

export const Published = Type.Object({
  name: Type.String(),
  version: Type.String(),
  archs: Type.Array(Type.String(), { description: 'the arch-repos that hold it now' }),
  repo: Type.Optional(
    Type.String({ description: 'the repository that holds it, when that is another than the one named' }),
  ),
  warnings: Type.Optional(Type.Array(PublishWarning)),
})
export type Published = Static<typeof Published>

export const Leftover = Type.Object({
  name: Type.String(),
  base: Type.String({ description: 'the pkgbase that lost it' }),
  version: Type.String(),
  archs: Type.Array(Type.String(), { description: 'the arch-repos that hold it, or held it' }),
  removed: Type.Boolean({ description: 'whether it was removed, as `split_leftovers` says' }),
})
export type Leftover = Static<typeof Leftover>

/** What came of packages that were published in one commit. */
export const PublishedTogether = Type.Object({
  published: Type.Array(Published),
  leftovers: Type.Array(Leftover, {
    description: 'older packages of the same pkgbases that were not published with them',
  }),
})
export type PublishedTogether = Static<typeof PublishedTogether>

export const FinishedBuild = Type.Object({ log_id: Id, ...PublishedTogether.properties })
export type FinishedBuild = Static<typeof FinishedBuild>

const Access = Type.Union([Type.Literal('public'), Type.Literal('token')])

export const RepositorySummary = Type.Object({
  name: Type.String(),
  archs: Type.Array(Type.String(), { description: 'the architectures that it has' }),
  packages: Type.Integer({ minimum: 0 }),
  access: Access,
})
export type RepositorySummary = Static<typeof RepositorySummary>

const PolicyValue = Type.Object({
  value: Type.String(),
  own: Type.Boolean({ description: 'false: the repository has none of its own, this is the default' }),
})

export const RepositoryConfig = Type.Object({
  name: Type.String(),
  archs: RepositorySummary.properties.archs,
  packages: RepositorySummary.properties.packages,
  policies: Type.Object(
    Object.fromEntries(policyNames.map((name) => [name, PolicyValue])) as Record<
      PolicyName,
      typeof PolicyValue
    >,
  ),
})
export type RepositoryConfig = Static<typeof RepositoryConfig>

export const Token = Type.Object({
  id: Id,
  name: Type.String(),
  scopes: Type.Array(Type.String(), { description: 'such as `agent` or `publish:REPO`' }),
  archs: Type.Array(Type.String(), {
    description: 'the architectures that an agent may build for; empty: all',
  }),
  created_at: EpochSeconds,
  expires_at: Type.Integer({ description: 'UTC, in seconds since 1970; 0: never' }),
  last_used_at: Type.Integer({ description: 'UTC, in seconds since 1970; 0: never' }),
})
export type Token = Static<typeof Token>

export const NewToken = Type.Object({
  ...Token.properties,
  token: Type.String({ description: 'told this once: the server keeps only its SHA-256' }),
})

/** A list of names of official repositories. */
export const NameList = Type.Object({
  name: Type.String(),
  names: Type.Integer({ minimum: 0, description: 'how many' }),
  imported_at: EpochSeconds,
})
export type NameList = Static<typeof NameList>

const Bytes = Type.Integer({ minimum: 0, description: 'bytes' })
const Texts = Type.Array(Type.String())

/** A package in one arch-repo: one of architecture `any` is in several. */
export const PackageSummary = Type.Object({
  repo: Type.String(),
  arch: Type.String({ description: 'of the arch-repo' }),
  name: Type.String(),
  version: Type.String(),
  base: Type.String({ description: 'the pkgbase' }),
  description: Type.String(),
  package_arch: Type.String({ description: 'of the package itself: the same, or any' }),
  filename: Type.String({ description: 'served as /REPO/ARCH/FILENAME' }),
  size: Bytes,
  installed_size: Bytes,
  build_date: EpochSeconds,
  published_at: EpochSeconds,
  paths: Type.Optional(
    Type.Array(Type.String(), { description: 'where a file was asked for: what it has of it, 100 at most' }),
  ),
})
export type PackageSummary = Static<typeof PackageSummary>

/** A line of a file of keys and values. */
const KeyValue = Type.Object({ key: Type.String(), value: Type.String() })

const EarlierFile = Type.Object({
  version: Type.String(),
  filename: Type.String(),
  size: Bytes,
  published_at: EpochSeconds,
  removed_at: EpochSeconds,
})

export const PackageInfo = Type.Object({
  ...Type.Omit(PackageSummary, ['paths']).properties,
  url: Type.String(),
  packager: Type.String(),
  licenses: Texts,
  groups: Texts,
  provides: Texts,
  depends: Texts,
  optdepends: Texts,
  makedepends: Texts,
  checkdepends: Texts,
  conflicts: Texts,
  replaces: Texts,
  backup: Type.Array(Type.String(), { description: 'configuration files that pacman keeps changes of' }),
  xdata: Texts,
  unknown: Type.Array(KeyValue, { description: 'what its .PKGINFO says besides' }),
  sha256: Type.String(),
  signed: Type.Boolean({ description: 'whether FILENAME.sig is served' }),
  earlier: Type.Array(EarlierFile, {
    description: 'files under this name that are no longer in the database and still served, newest first',
  }),
})
export type PackageInfo = Static<typeof PackageInfo>

/** BUILDINFO(5). What is not told is empty or 0. */
export const BuildInformation = Type.Object({
  format: Type.Integer(),
  name: Type.String(),
  base: Type.String(),
  version: Type.String(),
  arch: Type.String(),
  pkgbuild_sha256: Type.String(),
  packager: Type.String(),
  build_date: EpochSeconds,
  build_dir: Type.String(),
  start_dir: Type.String(),
  build_tool: Type.String(),
  build_tool_version: Type.String(),
  buildenv: Texts,
  options: Texts,
  installed: Type.Array(Type.String(), {
    description: 'NAME-VERSION-ARCH of what was installed at the time',
  }),
  unknown: Type.Array(KeyValue),
})
export type BuildInformation = Static<typeof BuildInformation>

/** mtree(5). */
export const MtreeEntry = Type.Object({
  path: Type.String({ description: 'relative to the root' }),
  type: Type.String({ description: 'file, directory, symlink, character-device, block-device or fifo' }),
  mode: Type.Integer({ description: 'permission bits' }),
  uid: Type.Integer(),
  gid: Type.Integer(),
  mtime: Type.Integer({ description: 'UTC, in seconds since 1970; may be negative' }),
  nanoseconds: Type.Integer(),
  size: Bytes,
  linkname: Type.String({ description: 'where a symlink leads; else empty' }),
  md5: Type.Optional(Type.String()),
  sha256: Type.Optional(Type.String()),
})
export type MtreeEntry = Static<typeof MtreeEntry>
/** A package that was received and waits unseen. */
export const ReceivedPackage = Type.Object({
  name: Type.String(),
  version: Type.String(),
  arch: Type.String(),
  filename: Type.String({ description: 'the name under which it will be served' }),
  size: Type.Integer({ minimum: 0, description: 'bytes' }),
  sha256: Type.String(),
})
export type ReceivedPackage = Static<typeof ReceivedPackage>

export const Publication = Type.Object({
  id: Id,
  repo: Type.String(),
  opened_at: EpochSeconds,
  expires_at: EpochSeconds,
  committed: Type.Boolean(),
  packages: Type.Array(ReceivedPackage, { description: 'those that wait; none once it is committed' }),
})
export type Publication = Static<typeof Publication>

const RemovedPackage = Type.Object({
  name: Type.String(),
  base: Type.String(),
  version: Type.String(),
  filename: Type.String(),
  size: Type.Integer({ minimum: 0, description: 'bytes' }),
  archs: Type.Array(Type.String(), { description: 'the arch-repos that it leaves' }),
  repo: Type.String({ description: 'the repository, or the one for its debug packages' }),
})

/** What a removal took away, or what it would. */
export const RemovalReport = Type.Object({
  packages: Type.Array(RemovedPackage),
  archs: Type.Array(Type.String(), { description: 'the arch-repos that are no more' }),
  repository: Type.Boolean({ description: 'whether the repository is no more' }),
  bytes: Type.Integer({
    minimum: 0,
    description: 'the files of packages that no arch-repo holds any more; they are deleted after `keep_days`',
  }),
  dry_run: Type.Boolean({ description: 'whether nothing was changed' }),
})
export type RemovalReport = Static<typeof RemovalReport>
