import type { DatabaseEntry } from '@vieter/alpm'
import { AppError } from '@vieter/api'
import type { Settings } from '@vieter/config'
import type { Logger } from 'pino'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { GenerationFiles } from '../databases/generation-files.ts'
import {
  type ArchRepoState,
  applyChange,
  type Change,
  type ChangeOutcome,
  type PlannedPackage,
  type RepositoryState,
} from '../domain/plan-changes.ts'
import { isErrnoException } from '../files.ts'
import type { Store, StoreTransaction } from '../store/open-store.ts'
import * as repositories from '../store/repositories.ts'

/** Writes that must become true in the same transaction as the change. Throwing refuses the change. */
type Alongside = (trx: StoreTransaction, outcome: ChangeOutcome) => Promise<void>

/** Makes changes to repositories, one group after another for each repository; repositories don't wait for each other. */
export interface CommitQueue {
  /**
   * Resolves once the change is durable and visible: its blobs must be committed before. Changes that arrive while
   * a group is being written share the next generation. A refused change rejects alone, and changes nothing.
   */
  submit(repository: string, change: Change, alongside?: Alongside): Promise<ChangeOutcome>
  /** Resolves when every change submitted so far has been made or refused. */
  idle(): Promise<void>
}

interface Request {
  change: Change
  alongside?: Alongside
  resolve(outcome: ChangeOutcome): void
  reject(fault: unknown): void
}

interface Parts {
  settings: Pick<Settings, 'default_arch'>
  store: Store
  blobs: BlobStore
  generations: GenerationFiles
  /** UTC epoch seconds. */
  clock: () => number
  log: Logger
}

export function createCommitQueue(parts: Parts): CommitQueue {
  const waiting = new Map<string, Request[]>()
  const running = new Map<string, Promise<void>>()

  async function drain(repository: string): Promise<void> {
    for (let group = takeGroup(); group.length > 0; group = takeGroup())
      await commitGroup(parts, repository, group)
    running.delete(repository)
    function takeGroup(): Request[] {
      const group = waiting.get(repository) ?? []
      waiting.delete(repository)
      return group
    }
  }

  return {
    submit(repository, change, alongside) {
      const { promise, resolve, reject } = Promise.withResolvers<ChangeOutcome>()
      const group = waiting.get(repository) ?? []
      group.push({ change, resolve, reject, ...(alongside ? { alongside } : {}) })
      waiting.set(repository, group)
      if (!running.has(repository)) running.set(repository, drain(repository))
      return promise
    },
    async idle() {
      await Promise.all(running.values())
    },
  }
}

/** Never throws: every request of the group is answered. A fault that may be one request's alone is found by trying each alone. */
async function commitGroup(parts: Parts, repository: string, group: readonly Request[]): Promise<void> {
  try {
    await tryGroup(parts, repository, group)
  } catch (fault) {
    const [only] = group
    if (group.length === 1) only?.reject(storageFault(fault))
    else for (const request of group) await commitGroup(parts, repository, [request])
  }
}

/** SQLITE_FULL, see https://sqlite.org/rescode.html. */
const sqliteFull = 13

function storageFault(fault: unknown): unknown {
  if (!isErrnoException(fault)) return fault
  const isFull =
    fault.code === 'ENOSPC' ||
    fault.code === 'EDQUOT' ||
    (fault.code === 'ERR_SQLITE_ERROR' && 'errcode' in fault && fault.errcode === sqliteFull)
  return isFull ? new AppError('STORAGE_FULL', { cause: fault }) : fault
}

async function tryGroup(parts: Parts, repository: string, group: readonly Request[]): Promise<void> {
  const before = await repositories.loadRepositoryState(parts.store, repository)
  const after: RepositoryState = { exists: before.exists, archRepos: copyArchRepos(before) }
  const published = await loadPublished(parts, repository, group)
  const accepted: { request: Request; outcome: ChangeOutcome }[] = []
  const refused: { request: Request; fault: unknown }[] = []
  for (const request of group) {
    try {
      const rules = { defaultArch: parts.settings.default_arch, published }
      accepted.push({ request, outcome: applyChange(after, request.change, rules) })
    } catch (fault) {
      refused.push({ request, fault })
    }
  }
  if (accepted.length > 0) {
    await commitState(parts, { repository, before, after, published }, async (trx) => {
      for (const { request, outcome } of accepted) await request.alongside?.(trx, outcome)
    })
  }
  await deleteSpares(
    parts,
    accepted.flatMap(({ outcome }) => outcome.spareBlobs),
  )
  for (const { request, outcome } of accepted) request.resolve(outcome)
  // Only now: had the commit failed, each would be tried alone, and what stood in its way might be gone.
  for (const { request, fault } of refused) request.reject(fault)
}

function copyArchRepos(state: RepositoryState): Map<string, ArchRepoState> {
  return new Map([...state.archRepos].map(([arch, archRepo]) => [arch, new Map(archRepo)]))
}

async function loadPublished(
  { store }: Parts,
  repository: string,
  group: readonly Request[],
): Promise<Map<string, PlannedPackage>> {
  const id = await repositories.findRepositoryId(store, repository)
  if (id === undefined) return new Map()
  const filenames = group.flatMap(({ change }) =>
    change.kind === 'publish' ? change.packages.map((pkg) => pkg.filename) : [],
  )
  const rows = await repositories.findPublished(store, id, filenames)
  return new Map(rows.map((pkg) => [pkg.filename, pkg]))
}

/** What a group makes of a repository. */
interface Transition {
  repository: string
  before: RepositoryState
  after: RepositoryState
  /** By file name: the packages that the group published, and those that stood there before. */
  published: ReadonlyMap<string, PlannedPackage>
}

/** Makes new generations of the arch-repos that differ durable, then makes them current in one transaction with the rows. */
async function commitState(
  parts: Parts,
  transition: Transition,
  alongside: (trx: StoreTransaction) => Promise<void>,
): Promise<void> {
  const { repository, before, after } = transition
  const archs = [...new Set([...before.archRepos.keys(), ...after.archRepos.keys()])]
  const { repositoryId, archRepos } = await repositories.ensureArchRepos(parts.store, repository, archs)
  const touched = archRepos.filter(({ arch }) =>
    differs(before.archRepos.get(arch), after.archRepos.get(arch)),
  )
  const now = parts.clock()
  const rows = touched.map((row) => ({
    ...row,
    generation: row.generation + 1,
    last_modified: Math.max(now, row.last_modified + 1),
    visible: after.archRepos.has(row.arch) ? 1 : 0,
  }))
  const shown = rows.filter((row) => row.visible === 1)
  await Promise.all(
    shown.map((row) =>
      parts.generations.write(row.id, row.generation, entriesOf(after.archRepos.get(row.arch))),
    ),
  )
  await parts.store.transaction().execute(async (trx) => {
    await saveState(trx, { ...transition, repositoryId, rows, now })
    await alongside(trx)
  })
  for (const row of rows) await dropOutdated(parts, row)
}

/** The last generation but one is kept for those who have just looked up its number. */
async function dropOutdated(
  { generations, log }: Parts,
  { id, generation }: repositories.ArchRepoRow,
): Promise<void> {
  await generations
    .drop(id, generation - 2)
    .catch((fault: unknown) =>
      log.warn({ fault, archRepo: id }, 'an outdated generation could not be dropped'),
    )
}

function differs(before: ArchRepoState | undefined, after: ArchRepoState | undefined): boolean {
  if (!before || !after || before.size !== after.size) return before !== after
  for (const [name, pkg] of after) if (!isSame(before.get(name), pkg)) return true
  return false
}

function isSame(before: PlannedPackage | undefined, after: PlannedPackage): boolean {
  return before !== undefined && before.id !== undefined && before.id === after.id
}

function entriesOf(archRepo: ArchRepoState | undefined): DatabaseEntry[] {
  const entries = [...(archRepo?.values() ?? [])] as unknown as DatabaseEntry[]
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

interface Saving extends Transition {
  repositoryId: number
  rows: readonly repositories.ArchRepoRow[]
  now: number
}

async function saveState(
  trx: StoreTransaction,
  { repositoryId, rows, before, after, published, now }: Saving,
): Promise<void> {
  const left = new Set<number>()
  for (const row of rows) {
    const old = before.archRepos.get(row.arch) ?? new Map<string, PlannedPackage>()
    const current = after.archRepos.get(row.arch) ?? new Map<string, PlannedPackage>()
    for (const [name, pkg] of old) {
      if (current.get(name) === pkg) continue
      if (pkg.id !== undefined) left.add(pkg.id)
      if (!current.has(name)) await repositories.removeEntry(trx, row.id, name)
    }
    for (const [name, pkg] of current) {
      if (isSame(old.get(name), pkg)) continue
      pkg.id = await repositories.savePackage(trx, repositoryId, pkg, now)
      await repositories.setEntry(trx, row.id, name, pkg.id)
    }
    await repositories.saveArchRepo(trx, row)
  }
  for (const pkg of published.values()) {
    // Published, and replaced or removed again within one group: served for its grace period like any other.
    if (pkg.id === undefined) left.add(await repositories.savePackage(trx, repositoryId, pkg, now))
  }
  await repositories.markRemoved(trx, [...left], now)
  await repositories.saveRepositoryVisible(trx, repositoryId, after.exists)
}

async function deleteSpares({ blobs, log }: Parts, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await blobs
      .delete(key)
      .catch((fault: unknown) => log.warn({ fault, key }, 'a spare blob could not be deleted'))
  }
}
