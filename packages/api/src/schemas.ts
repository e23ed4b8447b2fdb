import Type, { type Static } from 'typebox'

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

export const Published = Type.Object({
  name: Type.String(),
  version: Type.String(),
  archs: Type.Array(Type.String(), { description: 'the arch-repos that hold it now' }),
})
export type Published = Static<typeof Published>

export const FinishedBuild = Type.Object({ log_id: Id, published: Type.Array(Published) })
export type FinishedBuild = Static<typeof FinishedBuild>
