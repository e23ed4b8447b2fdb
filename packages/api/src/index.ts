export { AppError, isErrorCode } from './app-error.ts'
export { type Client, createClient } from './client.ts'
export { contract } from './contract.ts'
export { describeAccess } from './describe-access.ts'
export { describeSchedule } from './describe-schedule.ts'
export type { Answer, Auth, Endpoint, Returns } from './endpoint.ts'
export { type ErrorCode, type ErrorExample, errorTable } from './error-table.ts'
export { nextRun } from './next-run.ts'
export { formatOpenapi } from './openapi.ts'
export { decodeParameters } from './parameters.ts'
export { type Policies, type PolicyName, policyNames, policyTable } from './policies.ts'
export { parseSchedule, type Schedule } from './schedule.ts'
export type {
  BuildConfig,
  BuildInformation,
  FinishedBuild,
  Job,
  JobState,
  Lease,
  LeaseExtension,
  Leftover,
  Log,
  MtreeEntry,
  NameList,
  PackageInfo,
  PackageSummary,
  Publication,
  Published,
  PublishedTogether,
  PublishWarning,
  ReceivedPackage,
  RemovalReport,
  RepositoryConfig,
  RepositorySummary,
  Target,
  TargetKind,
  Token,
} from './schemas.ts'
export { type ScopeName, scopeTable } from './scopes.ts'
export { checkBranch, checkSourcePath, checkSourceUrl } from './source.ts'
export { isTimeZone, offsetAt } from './time-zone.ts'
