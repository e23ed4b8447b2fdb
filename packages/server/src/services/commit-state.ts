import type { Settings } from '@vieter/config'
import type { Logger } from 'pino'
import type { BlobStore } from '../blobs/blob-store.ts'
import { rebuildDatabases, updateDatabases } from '../databases/database-writer.ts'
import { type EntryChange, formatName } from '../databases/entry-reader.ts'
import { emptyManifest, type Manifest } from '../databases/manifest.ts'
import type { PackFiles } from '../databases/pack-files.ts'
import type { Renderers } from '../databases/renderers.ts'
import type { DatabaseFormat } from '../domain/desc-fields.ts'
import { nextLastModified } from '../domain/last-modified.ts'
import type { ChangeOutcome } from '../domain/plan-changes.ts'
import type { OwnPolicies } from '../domain/policies.ts'
import type { ArchRepoState, PlannedPackage, RepositoryState } from '../domain/repository-state.ts'
import type { Store, StoreTransaction } from '../store/open-store.ts'
import { savePolicies } from '../store/policies.ts'
import type { ArchRepoRow } from '../store/repositories.ts'
import * as repositories from '../store/repositories.ts'
import { deleteManifest, saveManifest } from '../store/segments.ts'
import { type ArchRepo, type ArchRepos, beginChange } from './arch-repos.ts'
import type { RepositoryPolicies } from './repository-policies.ts'

/** What commits are made with. */
export interface CommitParts {
  settings: Pick<Settings, 'default_arch'>
  format: DatabaseFormat
  store: Store
  blobs: BlobStore
  packs: PackFiles
  renderers: Renderers
  archRepos: ArchRepos
  policies: RepositoryPolicies
  /** UTC epoch seconds. */
  clock: () => number
  log: Logger
}

/** Writes that must become true in the same transaction as changes. Throwing refuses the changes. */
export type Alongside = (trx: StoreTransaction, outcomes: readonly ChangeOutcome[]) => Promise<void>

/** What a group makes of a repository. */
export interface Transition {
  repository: string
  /** Undefined when it never had anything. */
  repositoryId: number | undefined
  before: RepositoryState
  after: RepositoryState
  /** By file name: the packages that the group published, and those that stood there before. */
  published: ReadonlyMap<string, PlannedPackage>
  /** The policies that it has of its own. */
  own: OwnPolicies
}

/** An arch-repo that differs, with its databases as they were and as they will be. */
interface Touched {
  repository: string
  row: ArchRepoRow
  /** Undefined when it is not visible yet. */
  known: ArchRepo | undefined
  before: ArchRepoState | undefined
  /** Undefined when it is removed. */
  after: ArchRepoState | undefined
  /** The names of the packages that were added, replaced and removed. */
  changed: readonly string[]
  old: Manifest
  next: Manifest
}

/**
 * Makes new databases of the arch-repos that differ durable, then makes them current, those of all repositories in one
 * transaction with the rows.
 */
export async function commitState(
  parts: CommitParts,
  transitions: readonly Transition[],
  alongside: (trx: StoreTransaction) => Promise<void>,
): Promise<void> {
  const works = await Promise.all(
    transitions.map(async (transition) => ({ transition, ...(await findTouched(parts, transition)) })),
  )
  const touched = await allEnded(
    works.flatMap(({ transition, rows }) => rows.map((row) => writeDatabases(parts, transition, row))),
  )
  const ends = await Promise.all(touched.flatMap(({ known }) => (known ? beginChange(known) : [])))
  try {
    const now = parts.clock()
    const dated = touched.map((one) => ({ ...one, row: nextRow(one, formatName(parts.format), now) }))
    await parts.store.transaction().execute(async (trx) => {
      for (const { transition, repositoryId } of works) {
        const own = dated.filter(({ repository }) => repository === transition.repository)
        await saveState(trx, transition, { repositoryId, touched: own, now })
        if (isConfigured(parts, transition)) await savePolicies(trx, repositoryId, transition.own)
      }
      await alongside(trx)
    })
    for (const transition of transitions)
      if (isConfigured(parts, transition)) parts.policies.set(transition.repository, transition.own)
    for (const one of dated) await showState(parts, one)
  } finally {
    for (const end of ends) end()
  }
}

function isConfigured({ policies }: CommitParts, { repository, own }: Transition): boolean {
  return own !== policies.own(repository)
}

/** As Promise.all, but when one fails the others have ended too: nothing may be left that writes to a pack of the next commit. */
async function allEnded<T>(works: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(works)
  return Promise.all(works)
}

async function findTouched(
  { store, archRepos, format }: CommitParts,
  { repository, repositoryId, before, after }: Transition,
): Promise<{ repositoryId: number; rows: ArchRepoRow[] }> {
  const archs = [...new Set([...before.archRepos.keys(), ...after.archRepos.keys()])]
  const touched = archs.filter((arch) =>
    differs(before.archRepos.get(arch), after.archRepos.get(arch), format),
  )
  const known = touched.flatMap((arch) => archRepos.find(repository, arch) ?? [])
  if (repositoryId !== undefined && known.length === touched.length)
    return { repositoryId, rows: known.map(rowOf) }
  const ensured = await repositories.ensureArchRepos(store, repository, touched)
  return { repositoryId: ensured.repositoryId, rows: ensured.archRepos }
}

function rowOf({ id, arch, current, format, updatedAt }: ArchRepo): ArchRepoRow {
  const { number: generation, lastModified: last_modified } = current
  return { id, arch, generation, last_modified, visible: 1, format, updated_at: updatedAt }
}

function differs(
  before: ArchRepoState | undefined,
  after: ArchRepoState | undefined,
  format: DatabaseFormat,
): boolean {
  if (!before || !after) return before !== after
  return changedNames(before, after, format).length > 0
}

function changedNames(before: ArchRepoState, after: ArchRepoState, format: DatabaseFormat): string[] {
  const gone = [...before.keys()].filter((name) => !after.has(name))
  const others = [...after].flatMap(([name, pkg]) => (isSame(before.get(name), pkg, format) ? [] : name))
  return [...gone, ...others]
}

/** Whether a database says the same of both: a new signature changes those that hold signatures. */
function isSame(
  before: PlannedPackage | undefined,
  after: PlannedPackage,
  { pgpsig }: DatabaseFormat,
): boolean {
  if (before?.id === undefined || before.id !== after.id) return false
  return !pgpsig || before.signature === after.signature
}

async function writeDatabases(
  parts: CommitParts,
  transition: Transition,
  row: ArchRepoRow,
): Promise<Touched> {
  const known = parts.archRepos.find(transition.repository, row.arch)
  const before = transition.before.archRepos.get(row.arch)
  const after = transition.after.archRepos.get(row.arch)
  const manifest = (await known?.current.manifest()) ?? emptyManifest
  const changed = changedNames(before ?? new Map(), after ?? new Map(), parts.format)
  const { repository } = transition
  const touched = { repository, row, known, before, after, changed, old: manifest }
  if (!after) return { ...touched, next: emptyManifest }
  const changes = changed.map((name) => changeOf(name, after.get(name)))
  if (before) return { ...touched, next: await updateDatabases(parts, row.id, { manifest, changes }) }
  const names = changed.toSorted()
  return { ...touched, next: await rebuildDatabases(parts, row.id, { names, changes }) }
}

function changeOf(name: string, pkg: PlannedPackage | undefined): EntryChange {
  if (!pkg) return { name, gone: true }
  const { version, md5, signature, id, texts } = pkg
  return { name, gone: false, version, md5, signature, id, texts }
}

/** The row of the next generation. What was sent of an arch-repo that is not visible is not known: take it that all was. */
function nextRow({ row, known, after }: Touched, format: string, now: number): ArchRepoRow {
  const { number, lastModified, served } = known?.current ?? {
    number: row.generation,
    lastModified: row.last_modified,
    served: true,
  }
  return {
    id: row.id,
    arch: row.arch,
    generation: number + 1,
    last_modified: nextLastModified({ lastModified, served }, now),
    visible: after ? 1 : 0,
    format,
    updated_at: now,
  }
}

interface Saving {
  repositoryId: number
  touched: readonly Touched[]
  now: number
}

async function saveState(
  trx: StoreTransaction,
  { after, published }: Transition,
  { repositoryId, touched, now }: Saving,
): Promise<void> {
  const left = new Set<number>()
  for (const one of touched) {
    if (one.after) await saveEntries(trx, repositoryId, one, { left, now })
    else await removeArchRepo(trx, one.row.id)
    await repositories.saveArchRepo(trx, one.row)
  }
  // Published, and replaced or removed again within one group: served for its grace period like any other.
  const passed = [...published.values()].filter(({ id }) => id === undefined)
  await repositories.savePackages(trx, repositoryId, passed, now)
  for (const { id } of passed) if (id !== undefined) left.add(id)
  for (const { id, texts, signature } of published.values())
    if (id !== undefined && !texts) await repositories.saveSignature(trx, id, signature)
  const isAll = touched.some((one) => !one.after)
  await repositories.markRemoved(trx, repositoryId, isAll ? 'all' : [...left], now)
  await repositories.saveRepositoryVisible(trx, repositoryId, after.exists)
}

async function removeArchRepo(trx: StoreTransaction, archRepoId: number): Promise<void> {
  await repositories.removeEntries(trx, archRepoId)
  await deleteManifest(trx, archRepoId)
}

async function saveEntries(
  trx: StoreTransaction,
  repositoryId: number,
  { row, before = new Map(), after = new Map(), changed, old, next }: Touched,
  { left, now }: { left: Set<number>; now: number },
): Promise<void> {
  for (const name of changed) {
    const id = before.get(name)?.id
    if (id !== undefined) left.add(id)
  }
  const present = changed.flatMap((name) => after.get(name) ?? [])
  await repositories.savePackages(trx, repositoryId, present, now)
  const entries = present.flatMap(({ name, id }) => (id === undefined ? [] : { name, packageId: id }))
  await repositories.setEntries(trx, row.id, entries)
  await repositories.removeEntriesOf(
    trx,
    row.id,
    changed.filter((name) => !after.has(name)),
  )
  await saveManifest(trx, row.id, { before: old, after: next })
}

async function showState(
  { archRepos, packs, log }: CommitParts,
  { repository, row, after, next }: Touched,
): Promise<void> {
  if (after) {
    archRepos.show(repository, row, next)
    return
  }
  archRepos.hide(repository, row.arch)
  await packs
    .dropAll(row.id)
    .catch((fault: unknown) =>
      log.warn({ err: fault, archRepo: row.id }, 'a removed database is still there'),
    )
}
