import Type, { type TObject, type TOptional, type TString } from 'typebox'
import type { Endpoint, Returns } from './endpoint.ts'
import { type PolicyName, policyNames, policyTable } from './policies.ts'
import * as schemas from './schemas.ts'

const nothing = Type.Object({})
const id = Type.Object({ id: Type.Integer({ minimum: 1 }) })
const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 10_000, default: 25, description: 'how many at most' }),
)
const offset = Type.Optional(Type.Integer({ minimum: 0, default: 0, description: 'how many to leave out' }))
const text = (description: string, rest: object = {}) => Type.String({ description, ...rest })
const flag = (description: string) => Type.Optional(Type.Boolean({ description }))
const list = (description: string, rest: object = {}) =>
  Type.Array(Type.String(), { description: `${description} (comma list)`, ...rest })

interface Details<P extends TObject, Q extends TObject, R extends Returns>
  extends Pick<Endpoint, 'summary' | 'auth'>,
    Partial<Pick<Endpoint, 'scopes' | 'emptyQuery' | 'body' | 'errors'>> {
  params?: P
  query?: Q
  returns: R
}

function endpoint<R extends Returns, P extends TObject = typeof nothing, Q extends TObject = typeof nothing>(
  name: string,
  route: `${Endpoint['method']} /${string}`,
  details: Details<P, Q, R>,
): Endpoint<P, Q, R> {
  const [method, path] = route.split(' ') as [Endpoint['method'], string]
  return {
    id: name,
    method,
    path,
    auth: details.auth,
    scopes: details.scopes ?? [],
    summary: details.summary,
    params: details.params ?? (nothing as unknown as P),
    query: details.query ?? (nothing as unknown as Q),
    emptyQuery: details.emptyQuery ?? 'unset',
    body: details.body ?? 'none',
    returns: details.returns,
    errors: details.errors ?? [],
  }
}

const dryRun = Type.Object({ dry_run: flag('change nothing, and tell as JSON what would go') })
const repo = text('the repository')
const arch = text('the architecture')
const packagePlace = Type.Object({ repo, arch, name: text('the package') })
/** Of lists that are long in themselves a page is as large as it may be. */
const page = Type.Object({
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 10_000, default: 10_000, description: 'how many at most' }),
  ),
  offset,
})
const policyFields = Object.fromEntries(
  policyNames.map((name) => [name, Type.Optional(text(describePolicy(name), { maxLength: 1024 }))]),
) as Record<PolicyName, TOptional<TString>>

function describePolicy(name: PolicyName): string {
  const policy = policyTable[name]
  return 'choices' in policy ? `${policy.description} (${policy.choices.join(', ')})` : policy.description
}

/** Every endpoint of the server, in the order in which the reference lists them. */
export const contract = {
  health: endpoint('health', 'GET /health', {
    summary: 'Whether the server is up. The message is "Healthy.".',
    auth: 'none',
    returns: 'json',
  }),
  getFile: endpoint('getFile', 'GET /:repo/:arch/:filename', {
    summary:
      'A file of an arch-repo: REPO.db, REPO.files (with or without .tar.gz), a package, its signature (.sig) when it has one, or the desc of NAME-VERSION.',
    auth: 'read',
    scopes: ['read', 'publish', 'agent', 'agent-0.6'],
    params: Type.Object({ repo, arch, filename: text('the file') }),
    returns: 'file',
    errors: ['FILE_NOT_FOUND'],
  }),
  listRepository: endpoint('listRepository', 'GET /:repo/', {
    summary: 'The architectures of a repository, as a page for people.',
    auth: 'read',
    scopes: ['read', 'publish'],
    params: Type.Object({ repo }),
    returns: 'page',
    errors: ['REPOSITORY_NOT_FOUND'],
  }),
  listArchRepo: endpoint('listArchRepo', 'GET /:repo/:arch/', {
    summary: 'The packages of an arch-repo, as a page for people.',
    auth: 'read',
    scopes: ['read', 'publish'],
    params: Type.Object({ repo, arch }),
    returns: 'page',
    errors: ['REPOSITORY_NOT_FOUND'],
  }),
  findRepository: endpoint('findRepository', 'GET /:repo', {
    summary: 'Leads to the page of the repository.',
    auth: 'read',
    scopes: ['read', 'publish'],
    params: Type.Object({ repo }),
    returns: 'page',
    errors: ['REPOSITORY_NOT_FOUND'],
  }),
  findArchRepo: endpoint('findArchRepo', 'GET /:repo/:arch', {
    summary: 'Leads to the page of the arch-repo.',
    auth: 'read',
    scopes: ['read', 'publish'],
    params: Type.Object({ repo, arch }),
    returns: 'page',
    errors: ['REPOSITORY_NOT_FOUND'],
  }),
  getLastUpdate: endpoint('getLastUpdate', 'GET /lastupdate', {
    summary: 'When any repository changed last, in UTC epoch seconds, for tools that mirror.',
    auth: 'none',
    returns: 'text',
  }),
  getLastSync: endpoint('getLastSync', 'GET /lastsync', {
    summary: 'The time now, in UTC epoch seconds, for tools that tell how old a mirror is.',
    auth: 'none',
    returns: 'text',
  }),
  publishPackage: endpoint('publishPackage', 'POST /:repo/publish', {
    summary:
      'Publish a package archive. The answer means that it is stored for good and in the database. Its detached signature may come with it: `X-Signature: $(base64 -w0 FILE.sig)`; published again with one, the same archive gets it.',
    auth: 'key',
    scopes: ['publish', 'agent-0.6'],
    params: Type.Object({ repo }),
    query: Type.Object({
      replace: flag('replace what was published with the same version, or under the same file name'),
      force: flag('take the place of a higher version, too'),
      filename: Type.Optional(
        text('the name of the file: a package that must be called otherwise is refused'),
      ),
    }),
    body: 'package',
    returns: schemas.Published,
    errors: [
      'REPOSITORY_NAME_INVALID',
      'LENGTH_REQUIRED',
      'BODY_INVALID',
      'SIGNATURE_INVALID',
      'PACKAGE_INVALID',
      'PACKAGE_TOO_LARGE',
      'PACKAGE_EXISTS',
      'PACKAGE_DOWNGRADE',
      'ARCHITECTURE_REFUSED',
      'OFFICIAL_NAME',
      'STORAGE_FULL',
    ],
  }),
  removePackage: endpoint('removePackage', 'DELETE /:repo/:arch/:pkgname', {
    summary:
      'Remove a package from an arch-repo; one of arch `any` leaves all arch-repos. The answer is empty, as in Vieter 0.6.',
    auth: 'key',
    params: Type.Object({ repo, arch, pkgname: text('the package') }),
    query: dryRun,
    returns: 'empty',
    errors: ['PACKAGE_NOT_FOUND', 'REPOSITORY_NOT_FOUND'],
  }),
  removeArchRepo: endpoint('removeArchRepo', 'DELETE /:repo/:arch', {
    summary: 'Remove an architecture of a repository with all its packages.',
    auth: 'key',
    params: Type.Object({ repo, arch }),
    query: dryRun,
    returns: 'empty',
    errors: ['REPOSITORY_NOT_FOUND'],
  }),
  removeRepository: endpoint('removeRepository', 'DELETE /:repo', {
    summary: 'Remove a repository with all its packages.',
    auth: 'key',
    params: Type.Object({ repo }),
    query: dryRun,
    returns: 'empty',
    errors: ['REPOSITORY_NOT_FOUND'],
  }),
  listRepositories: endpoint('listRepositories', 'GET /api/v1/repos', {
    summary: 'The repositories by name; private ones only for who may read them.',
    auth: 'read',
    scopes: ['read', 'publish'],
    returns: Type.Array(schemas.RepositorySummary),
  }),
  getRepository: endpoint('getRepository', 'GET /api/v1/repos/:repo', {
    summary: 'One repository with its policies.',
    auth: 'read',
    scopes: ['read', 'publish'],
    params: Type.Object({ repo }),
    returns: schemas.RepositoryConfig,
    errors: ['REPOSITORY_NOT_FOUND'],
  }),
  addRepository: endpoint('addRepository', 'POST /api/v1/repos', {
    summary: 'Add a repository before its first package is published.',
    auth: 'key',
    query: Type.Object({ name: text('the repository'), ...policyFields }),
    returns: schemas.RepositoryConfig,
    errors: ['PARAMETER_MISSING', 'PARAMETER_INVALID', 'REPOSITORY_NAME_INVALID', 'REPOSITORY_EXISTS'],
  }),
  configureRepository: endpoint('configureRepository', 'PATCH /api/v1/repos/:repo', {
    summary: 'Change policies of a repository. An empty value goes back to the default.',
    auth: 'key',
    params: Type.Object({ repo }),
    query: Type.Object(policyFields),
    emptyQuery: 'kept',
    returns: schemas.RepositoryConfig,
    errors: ['REPOSITORY_NOT_FOUND', 'PARAMETER_INVALID', 'REPOSITORY_NAME_INVALID'],
  }),
  listServedFiles: endpoint('listServedFiles', 'GET /api/v1/repos/:repo/served', {
    summary:
      'The names of all package files that a repository, or the one for its debug packages, ever served, of some packages and a version with any pkgrel: what a build must not make again.',
    auth: 'key',
    scopes: ['read', 'publish', 'agent'],
    params: Type.Object({ repo }),
    query: Type.Object({
      names: list('the names of the packages', { maxItems: 1000 }),
      version: text('the version without its pkgrel', { maxLength: 256 }),
    }),
    returns: Type.Array(Type.String()),
    errors: ['PARAMETER_MISSING', 'PARAMETER_INVALID'],
  }),
  listNameLists: endpoint('listNameLists', 'GET /api/v1/names', {
    summary: 'The lists of names of official repositories.',
    auth: 'key',
    scopes: ['read'],
    returns: Type.Array(schemas.NameList),
  }),
  importNameList: endpoint('importNameList', 'POST /api/v1/names/:list', {
    summary:
      'Make the names of a pacman database (`core.db`, however it is compressed) a list of official names, in the place of an earlier one.',
    auth: 'key',
    params: Type.Object({ list: text('the name of the list') }),
    body: 'database',
    returns: schemas.NameList,
    errors: ['PARAMETER_INVALID', 'LENGTH_REQUIRED', 'BODY_INVALID', 'BODY_TOO_LARGE', 'DATABASE_INVALID'],
  }),
  removeNameList: endpoint('removeNameList', 'DELETE /api/v1/names/:list', {
    summary: 'Remove a list of official names.',
    auth: 'key',
    params: Type.Object({ list: text('the name of the list') }),
    returns: 'empty',
    errors: ['NAME_LIST_NOT_FOUND'],
  }),
  listPackages: endpoint('listPackages', 'GET /api/v1/packages', {
    summary:
      'The packages of all repositories, private ones only for who may read them, as their databases have them, by name; those that fit everything that is asked for. With `query` the best names come first.',
    auth: 'read',
    scopes: ['read', 'publish'],
    query: Type.Object({
      limit,
      offset,
      repo: Type.Optional(repo),
      arch: Type.Optional(text('the architecture of the arch-repo')),
      name: Type.Optional(text('the name, exactly')),
      base: Type.Optional(text('the pkgbase, exactly')),
      query: Type.Optional(
        text('words that each stand in the name or the description, in either case', { maxLength: 256 }),
      ),
      provides: Type.Optional(
        text('what the package is or provides: a name, or exactly `NAME=VERSION`', { maxLength: 1024 }),
      ),
      file: Type.Optional(
        text('the path of a file in the package, `/usr/bin/vi`, or the name of one, `vi`', {
          maxLength: 4096,
        }),
      ),
    }),
    returns: Type.Array(schemas.PackageSummary),
    errors: ['PARAMETER_INVALID'],
  }),
  getPackage: endpoint('getPackage', 'GET /api/v1/packages/:repo/:arch/:name', {
    summary: 'All that is known of a package.',
    auth: 'read',
    scopes: ['read', 'publish'],
    params: packagePlace,
    returns: schemas.PackageInfo,
    errors: ['PACKAGE_NOT_FOUND'],
  }),
  listPackageFiles: endpoint('listPackageFiles', 'GET /api/v1/packages/:repo/:arch/:name/files', {
    summary: 'The paths in a package, sorted; folders have a slash at the end.',
    auth: 'read',
    scopes: ['read', 'publish'],
    params: packagePlace,
    query: page,
    returns: Type.Array(Type.String()),
    errors: ['PACKAGE_NOT_FOUND', 'PARAMETER_INVALID'],
  }),
  getBuildInformation: endpoint(
    'getBuildInformation',
    'GET /api/v1/packages/:repo/:arch/:name/build-information',
    {
      summary: 'How a package was built: its .BUILDINFO.',
      auth: 'read',
      scopes: ['read', 'publish'],
      params: packagePlace,
      returns: schemas.BuildInformation,
      errors: ['PACKAGE_NOT_FOUND', 'FILE_NOT_FOUND', 'METADATA_INVALID'],
    },
  ),
  listPackageEntries: endpoint('listPackageEntries', 'GET /api/v1/packages/:repo/:arch/:name/mtree', {
    summary: 'What a package installs, with modes, owners, times, sizes and checksums: its .MTREE.',
    auth: 'read',
    scopes: ['read', 'publish'],
    params: packagePlace,
    query: page,
    returns: Type.Array(schemas.MtreeEntry),
    errors: ['PACKAGE_NOT_FOUND', 'FILE_NOT_FOUND', 'PARAMETER_INVALID', 'METADATA_INVALID'],
  }),
  getInstallScript: endpoint('getInstallScript', 'GET /api/v1/packages/:repo/:arch/:name/install', {
    summary: 'The script that pacman runs when it installs, upgrades or removes the package: its .INSTALL.',
    auth: 'read',
    scopes: ['read', 'publish'],
    params: packagePlace,
    returns: 'text',
    errors: ['PACKAGE_NOT_FOUND', 'FILE_NOT_FOUND', 'METADATA_INVALID'],
  }),
  getChangelog: endpoint('getChangelog', 'GET /api/v1/packages/:repo/:arch/:name/changelog', {
    summary: 'The changes of a package, as its maintainer tells them: its .CHANGELOG.',
    auth: 'read',
    scopes: ['read', 'publish'],
    params: packagePlace,
    returns: 'text',
    errors: ['PACKAGE_NOT_FOUND', 'FILE_NOT_FOUND', 'METADATA_INVALID'],
  }),
  removePackages: endpoint('removePackages', 'POST /api/v1/repos/:repo/removals', {
    summary:
      'Remove packages, a whole arch-repo or a whole repository in one commit, all or nothing. A package of arch `any` leaves all arch-repos. The answer says what went.',
    auth: 'key',
    params: Type.Object({ repo }),
    query: Type.Object({
      packages: Type.Optional(list('names of packages', { maxItems: 1000 })),
      bases: Type.Optional(
        list('pkgbases: all packages that were built from them, debug packages too', { maxItems: 1000 }),
      ),
      arch: Type.Optional(text('only what this arch-repo holds; default: all arch-repos')),
      all: flag('instead of packages: the arch-repo, or without one the repository, with all that it holds'),
      dry_run: flag('change nothing, and tell what would go'),
    }),
    emptyQuery: 'kept',
    returns: schemas.RemovalReport,
    errors: ['PARAMETER_MISSING', 'PARAMETER_INVALID', 'PACKAGE_NOT_FOUND', 'REPOSITORY_NOT_FOUND'],
  }),
  openPublication: endpoint('openPublication', 'POST /api/v1/publications', {
    summary:
      'Open a publication: packages that are uploaded to it appear together, when it is committed, or not at all.',
    auth: 'key',
    scopes: ['publish'],
    query: Type.Object({ repo }),
    returns: schemas.Publication,
    errors: ['PARAMETER_MISSING', 'REPOSITORY_NAME_INVALID'],
  }),
  getPublication: endpoint('getPublication', 'GET /api/v1/publications/:id', {
    summary: 'One publication, and the packages that wait in it.',
    auth: 'key',
    scopes: ['publish'],
    params: id,
    returns: schemas.Publication,
    errors: ['PUBLICATION_NOT_FOUND'],
  }),
  uploadPackage: endpoint('uploadPackage', 'POST /api/v1/publications/:id/packages', {
    summary:
      'Upload a package to a publication, with `X-Signature` as for `/:repo/publish`. Nobody sees it yet. The same file may be sent again.',
    auth: 'key',
    scopes: ['publish'],
    params: id,
    query: Type.Object({
      filename: Type.Optional(
        text('refuse the package when its .PKGINFO makes it another one', { maxLength: 255 }),
      ),
    }),
    body: 'package',
    returns: schemas.ReceivedPackage,
    errors: [
      'PUBLICATION_NOT_FOUND',
      'PUBLICATION_COMMITTED',
      'LENGTH_REQUIRED',
      'BODY_INVALID',
      'SIGNATURE_INVALID',
      'PACKAGE_INVALID',
      'PACKAGE_TOO_LARGE',
      'PACKAGE_TWICE',
      'STORAGE_FULL',
    ],
  }),
  commitPublication: endpoint('commitPublication', 'POST /api/v1/publications/:id/commit', {
    summary:
      'Publish all packages of a publication in one commit. When one is refused none is published, and the publication stays open. Committed again, it answers the same.',
    auth: 'key',
    scopes: ['publish'],
    params: id,
    query: Type.Object({
      replace: flag('replace what was published with the same versions, or under the same file names'),
      force: flag('take the place of higher versions, too'),
    }),
    returns: schemas.PublishedTogether,
    errors: [
      'PUBLICATION_NOT_FOUND',
      'PUBLICATION_EMPTY',
      'PACKAGE_EXISTS',
      'PACKAGE_DOWNGRADE',
      'ARCHITECTURE_REFUSED',
      'OFFICIAL_NAME',
      'STORAGE_FULL',
    ],
  }),
  discardPublication: endpoint('discardPublication', 'DELETE /api/v1/publications/:id', {
    summary:
      'Throw a publication away with the packages that wait in it. After `publication_timeout` without a package the server does so itself.',
    auth: 'key',
    scopes: ['publish'],
    params: id,
    returns: 'empty',
    errors: ['PUBLICATION_NOT_FOUND', 'PUBLICATION_COMMITTED'],
  }),
  listTargets: endpoint('listTargets', 'GET /api/v1/targets', {
    summary: 'The targets, by id.',
    auth: 'key',
    scopes: ['read'],
    query: Type.Object({
      limit,
      offset,
      repo: Type.Optional(repo),
      query: Type.Optional(text('a part of the url, path or branch')),
      arch: Type.Optional(arch),
    }),
    returns: Type.Array(schemas.Target),
  }),
  getTarget: endpoint('getTarget', 'GET /api/v1/targets/:id', {
    summary: 'One target.',
    auth: 'key',
    scopes: ['read'],
    params: id,
    returns: schemas.Target,
    errors: ['TARGET_NOT_FOUND'],
  }),
  addTarget: endpoint('addTarget', 'POST /api/v1/targets', {
    summary: 'Add a target. The data is its id.',
    auth: 'key',
    query: Type.Object({
      kind: text('git or url', { missing: 'Missing parameter: kind.' }),
      url: text('the address of the git repository or of the PKGBUILD', {
        missing: 'Missing parameter: url.',
        maxLength: 2048,
      }),
      repo: text('the repository to publish to', { missing: 'Missing parameter: repo.' }),
      branch: Type.Optional(text('the branch to build', { maxLength: 255 })),
      path: Type.Optional(text('the folder of the PKGBUILD inside the source', { maxLength: 1024 })),
      schedule: Type.Optional(text('when to build: minute hour [day [month]]', { maxLength: 256 })),
      arch: Type.Optional(list('the architectures to build for; default: default_arch', { maxItems: 16 })),
    }),
    returns: Type.Integer(),
    errors: [
      'PARAMETER_MISSING',
      'PARAMETER_INVALID',
      'SOURCE_INVALID',
      'SCHEDULE_INVALID',
      'REPOSITORY_NAME_INVALID',
    ],
  }),
  editTarget: endpoint('editTarget', 'PATCH /api/v1/targets/:id', {
    summary: 'Change a target. An empty value clears branch, path or schedule.',
    auth: 'key',
    params: id,
    query: Type.Object({
      kind: Type.Optional(text('git or url')),
      url: Type.Optional(text('the address of the git repository or of the PKGBUILD', { maxLength: 2048 })),
      repo: Type.Optional(text('the repository to publish to')),
      branch: Type.Optional(text('the branch to build', { maxLength: 255 })),
      path: Type.Optional(text('the folder of the PKGBUILD inside the source', { maxLength: 1024 })),
      schedule: Type.Optional(text('when to build: minute hour [day [month]]', { maxLength: 256 })),
      arch: Type.Optional(list('the architectures to build for', { maxItems: 16 })),
    }),
    emptyQuery: 'kept',
    returns: schemas.Target,
    errors: [
      'TARGET_NOT_FOUND',
      'PARAMETER_INVALID',
      'SOURCE_INVALID',
      'SCHEDULE_INVALID',
      'REPOSITORY_NAME_INVALID',
    ],
  }),
  removeTarget: endpoint('removeTarget', 'DELETE /api/v1/targets/:id', {
    summary: 'Remove a target and its queued jobs. Its logs stay. Removing one that is gone already is fine.',
    auth: 'key',
    params: id,
    returns: 'empty',
  }),
  enqueueJob: endpoint('enqueueJob', 'POST /api/v1/jobs/queue', {
    summary: 'Enqueue a build. A request joins a queued job of the same target and architecture.',
    auth: 'key',
    query: Type.Object({
      target: Type.Integer({
        minimum: 1,
        description: 'the target’s id',
        missing: 'Missing target query arg.',
      }),
      arch: text('the architecture', {
        missing: 'Missing arch query arg.',
        empty: 'Empty arch query arg.',
      }),
      force: flag('build also what is published already'),
      timeout: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 604_800, description: 'seconds until the build is stopped' }),
      ),
    }),
    returns: 'empty',
    errors: ['PARAMETER_MISSING', 'PARAMETER_INVALID'],
  }),
  pollJobs: endpoint('pollJobs', 'GET /api/v1/jobs/poll', {
    summary: 'Take jobs the way a Vieter 0.6 agent does: each is handed out once; its log upload ends it.',
    auth: 'key',
    scopes: ['agent-0.6'],
    query: Type.Object({
      arch: text('the architecture', { missing: 'Missing arch query arg.' }),
      max: Type.Integer({
        minimum: 1,
        maximum: 1000,
        description: 'how many at most',
        missing: 'Missing max query arg.',
      }),
    }),
    returns: Type.Array(schemas.BuildConfig),
    errors: ['PARAMETER_MISSING', 'PARAMETER_INVALID'],
  }),
  listJobs: endpoint('listJobs', 'GET /api/v1/jobs', {
    summary: 'The queued and leased jobs, oldest first.',
    auth: 'key',
    scopes: ['read'],
    query: Type.Object({ limit, offset }),
    returns: Type.Array(schemas.Job),
  }),
  leaseJobs: endpoint('leaseJobs', 'POST /api/v1/jobs/lease', {
    summary: 'Lease jobs. With `wait`, the answer is held until there is one, for that long at most.',
    auth: 'key',
    scopes: ['agent'],
    query: Type.Object({
      arch: list('the architectures this agent builds for'),
      max: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 100, default: 1, description: 'how many at most' }),
      ),
      agent: Type.Optional(text('the agent’s name', { maxLength: 128 })),
      wait: Type.Optional(Type.Integer({ minimum: 0, maximum: 60, default: 0, description: 'seconds' })),
    }),
    returns: Type.Array(schemas.Lease),
    errors: ['PARAMETER_MISSING', 'PARAMETER_INVALID'],
  }),
  startJob: endpoint('startJob', 'POST /api/v1/jobs/start', {
    summary: 'Enqueue a build and lease it at once, for a person who builds on the machine at hand.',
    auth: 'key',
    query: Type.Object({
      target: Type.Integer({ minimum: 1, description: 'the target’s id' }),
      arch: text('the architecture'),
      force: flag('build also what is published already'),
      timeout: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 604_800, description: 'seconds until the build is stopped' }),
      ),
      agent: Type.Optional(text('the name of who builds', { maxLength: 128 })),
    }),
    returns: schemas.Lease,
    errors: ['PARAMETER_MISSING', 'PARAMETER_INVALID', 'TARGET_NOT_FOUND', 'JOB_RUNNING'],
  }),
  extendLease: endpoint('extendLease', 'POST /api/v1/jobs/:id/extend', {
    summary: 'Extend the lease on a job.',
    auth: 'lease',
    scopes: ['agent'],
    params: id,
    returns: schemas.LeaseExtension,
    errors: ['LEASE_LOST'],
  }),
  appendLog: endpoint('appendLog', 'POST /api/v1/jobs/:id/log', {
    summary: 'Append a piece of the build’s output to its log.',
    auth: 'lease',
    scopes: ['agent'],
    params: id,
    query: Type.Object({
      offset: Type.Integer({ minimum: 0, description: 'the size of the log before this piece, in bytes' }),
    }),
    emptyQuery: 'kept',
    body: 'text',
    returns: schemas.LogSize,
    errors: [
      'PARAMETER_MISSING',
      'LEASE_LOST',
      'LOG_OFFSET_MISMATCH',
      'LENGTH_REQUIRED',
      'BODY_INVALID',
      'BODY_TOO_LARGE',
    ],
  }),
  uploadBuiltPackage: endpoint('uploadBuiltPackage', 'POST /api/v1/jobs/:id/packages', {
    summary: 'Hand in a package of a build. It becomes visible, with the others, when the build is finished.',
    auth: 'lease',
    scopes: ['agent'],
    params: id,
    body: 'package',
    returns: schemas.Published,
    errors: [
      'LEASE_LOST',
      'LENGTH_REQUIRED',
      'BODY_INVALID',
      'PACKAGE_INVALID',
      'PACKAGE_TOO_LARGE',
      'STORAGE_FULL',
    ],
  }),
  finishBuild: endpoint('finishBuild', 'POST /api/v1/jobs/:id/finish', {
    summary: 'End a build. With exit code 0 all packages handed in are published in one commit.',
    auth: 'lease',
    scopes: ['agent'],
    params: id,
    query: Type.Object({
      exit_code: Type.Integer({ minimum: 0, maximum: 255, description: '0: the build succeeded' }),
    }),
    emptyQuery: 'kept',
    returns: schemas.FinishedBuild,
    errors: [
      'PARAMETER_MISSING',
      'LEASE_LOST',
      'PACKAGE_EXISTS',
      'PACKAGE_DOWNGRADE',
      'ARCHITECTURE_REFUSED',
      'OFFICIAL_NAME',
      'STORAGE_FULL',
    ],
  }),
  listLogs: endpoint('listLogs', 'GET /api/v1/logs', {
    summary: 'The logs of finished builds, by id.',
    auth: 'key',
    scopes: ['read'],
    query: Type.Object({
      limit,
      offset,
      target: Type.Optional(Type.Integer({ minimum: 0, description: 'the target’s id' })),
      before: Type.Optional(Type.Integer({ minimum: 0, description: 'started before (UTC epoch seconds)' })),
      after: Type.Optional(Type.Integer({ minimum: 0, description: 'started after (UTC epoch seconds)' })),
      arch: Type.Optional(arch),
      exit_codes: Type.Optional(list('exit codes, `0,1`, or those left out, `!0,!2`', { maxItems: 256 })),
    }),
    returns: Type.Array(schemas.Log),
    errors: ['PARAMETER_INVALID'],
  }),
  getLog: endpoint('getLog', 'GET /api/v1/logs/:id', {
    summary: 'One log.',
    auth: 'key',
    scopes: ['read'],
    params: id,
    returns: schemas.Log,
    errors: ['LOG_NOT_FOUND'],
  }),
  getLogContent: endpoint('getLogContent', 'GET /api/v1/logs/:id/content', {
    summary: 'The output of a build, as far as it has come.',
    auth: 'key',
    scopes: ['read'],
    params: id,
    returns: 'text',
    errors: ['LOG_NOT_FOUND'],
  }),
  addLog: endpoint('addLog', 'POST /api/v1/logs', {
    summary:
      'Store the log of a build, the way a Vieter 0.6 agent does. It ends the job that the agent polled.',
    auth: 'key',
    scopes: ['agent-0.6'],
    query: Type.Object({
      startTime: Type.Integer({ minimum: 0, missing: 'Invalid or missing start time.' }),
      endTime: Type.Integer({ minimum: 0, missing: 'Invalid or missing end time.' }),
      exitCode: Type.Integer({ missing: 'Missing exit code.' }),
      arch: text('the architecture', { missing: "Missing parameter 'arch'." }),
      target: Type.Integer({ minimum: 1, missing: 'Unknown target.' }),
    }),
    emptyQuery: 'kept',
    body: 'text',
    returns: Type.Integer(),
    errors: ['PARAMETER_MISSING', 'PARAMETER_INVALID', 'LENGTH_REQUIRED', 'BODY_INVALID', 'BODY_TOO_LARGE'],
  }),
  removeLog: endpoint('removeLog', 'DELETE /api/v1/logs/:id', {
    summary: 'Remove a log.',
    auth: 'key',
    params: id,
    returns: 'empty',
    errors: ['LOG_NOT_FOUND'],
  }),
  listTokens: endpoint('listTokens', 'GET /api/v1/tokens', {
    summary: 'The tokens that are not revoked, by name, without what is secret about them.',
    auth: 'key',
    returns: Type.Array(schemas.Token),
  }),
  createToken: endpoint('createToken', 'POST /api/v1/tokens', {
    summary:
      'Make a token. It is told once, and shown as `X-Api-Key`, as a Bearer token or, for reading repositories, as the password of HTTP Basic, whatever the user.',
    auth: 'key',
    query: Type.Object({
      name: text('who it is for', { maxLength: 64 }),
      scope: list('what it may do: admin, read, read:REPO, publish:REPO, agent, agent-0.6:REPO', {
        maxItems: 100,
      }),
      arch: Type.Optional(
        list('the architectures that an agent may build for; default: all', { maxItems: 16 }),
      ),
      expires_in: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 3_155_760_000,
          description: 'seconds; default: it never expires',
        }),
      ),
    }),
    returns: schemas.NewToken,
    errors: ['PARAMETER_MISSING', 'PARAMETER_INVALID', 'REPOSITORY_NAME_INVALID', 'TOKEN_EXISTS'],
  }),
  revokeToken: endpoint('revokeToken', 'DELETE /api/v1/tokens/:name', {
    summary: 'Revoke a token, at once.',
    auth: 'key',
    params: Type.Object({ name: text('the name of the token') }),
    returns: 'empty',
    errors: ['TOKEN_NOT_FOUND'],
  }),
  getMetrics: endpoint('getMetrics', 'GET /api/v1/metrics', {
    summary: 'Prometheus metrics, when `collect_metrics` is on.',
    auth: 'none',
    returns: 'text',
    errors: ['ROUTE_NOT_FOUND'],
  }),
  getOpenapi: endpoint('getOpenapi', 'GET /api/v1/openapi.json', {
    summary: 'This contract as an OpenAPI 3.1 document.',
    auth: 'none',
    returns: 'json',
  }),
  getReference: endpoint('getReference', 'GET /api/docs', {
    summary: 'This contract as a page.',
    auth: 'none',
    returns: 'page',
  }),
} as const
