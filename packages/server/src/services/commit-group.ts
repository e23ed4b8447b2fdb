import { compactPack } from '../databases/compact-packs.ts'
import {
  type ArchRepoState,
  applyChange,
  type Change,
  type ChangeOutcome,
  concernsAll,
  namesIn,
  type PlannedPackage,
  type RepositoryState,
} from '../domain/plan-changes.ts'
import { findEntries, findPublished, findRepository } from '../store/repositories.ts'
import { saveManifest } from '../store/segments.ts'
import { type Alongside, type CommitParts, commitState } from './commit-state.ts'
import { storageFault } from './storage-fault.ts'

/** A change that waits for its commit. */
export interface CommitRequest {
  change: Change
  alongside?: Alongside
  resolve(outcome: ChangeOutcome): void
  reject(fault: unknown): void
}

/**
 * Makes the changes of a group in one commit. Never throws: every request is answered. A fault that may be one
 * request's alone is found by trying each alone.
 */
export async function commitGroup(
  parts: CommitParts,
  repository: string,
  group: readonly CommitRequest[],
): Promise<void> {
  try {
    await tryGroup(parts, repository, group)
  } catch (fault) {
    const [only] = group
    if (group.length === 1) only?.reject(storageFault(fault))
    else for (const request of group) await commitGroup(parts, repository, [request])
  }
}

async function tryGroup(
  parts: CommitParts,
  repository: string,
  group: readonly CommitRequest[],
): Promise<void> {
  const changes = group.map(({ change }) => change)
  const { repositoryId, before, published } = await loadState(parts, repository, changes)
  const after: RepositoryState = { exists: before.exists, archRepos: copyArchRepos(before) }
  const accepted: { request: CommitRequest; outcome: ChangeOutcome }[] = []
  const refused: { request: CommitRequest; fault: unknown }[] = []
  for (const request of group) {
    try {
      const rules = { defaultArch: parts.settings.default_arch, published }
      accepted.push({ request, outcome: applyChange(after, request.change, rules) })
    } catch (fault) {
      refused.push({ request, fault })
    }
  }
  if (accepted.length > 0) {
    await commitState(parts, { repository, repositoryId, before, after, published }, async (trx) => {
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

/** What the store has of a repository, as far as some changes are about it. */
async function loadState(
  { store, archRepos, settings }: CommitParts,
  repository: string,
  changes: readonly Change[],
): Promise<{
  repositoryId: number | undefined
  before: RepositoryState
  published: Map<string, PlannedPackage>
}> {
  const row = await findRepository(store, repository)
  const before: RepositoryState = { exists: row?.visible === 1, archRepos: new Map() }
  if (!row) return { repositoryId: undefined, before, published: new Map() }
  const visible = archRepos.of(repository)
  const archs = new Set(visible.keys())
  const all = changes.some((change) => concernsAll(change, archs, settings.default_arch))
  const names = all ? 'all' : [...new Set(changes.flatMap(namesIn))]
  const known = new Map<number, PlannedPackage>()
  for (const { id, arch } of visible.values()) {
    const entries = await findEntries(store, id, names)
    before.archRepos.set(arch, new Map(entries.map((pkg) => [pkg.name, sameObject(known, pkg)])))
  }
  const filenames = changes.flatMap((change) =>
    change.kind === 'publish' ? change.packages.map((pkg) => pkg.filename) : [],
  )
  const published = await findPublished(store, row.id, filenames)
  return { repositoryId: row.id, before, published: new Map(published.map((pkg) => [pkg.filename, pkg])) }
}

/** A package that several arch-repos hold is one object. */
function sameObject(
  known: Map<number, PlannedPackage>,
  pkg: PlannedPackage & { id: number },
): PlannedPackage {
  const first = known.get(pkg.id) ?? pkg
  known.set(pkg.id, first)
  return first
}

function copyArchRepos(state: RepositoryState): Map<string, ArchRepoState> {
  return new Map([...state.archRepos].map(([arch, archRepo]) => [arch, new Map(archRepo)]))
}

async function deleteSpares({ blobs, log }: CommitParts, keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await blobs
      .delete(key)
      .catch((fault: unknown) => log.warn({ err: fault, key }, 'a spare blob could not be deleted'))
  }
}

/** Generations between two looks at the packs: what publishes leave unused in so many is emptied in one step. */
const compactEvery = 8

/**
 * Empties packs of an arch-repo that are mostly unused, step by step; nothing to do for most calls. Never throws: when it fails, the
 * packs stay as they are. To be called when no change of the arch-repo is being made.
 */
export async function compactArchRepo(parts: CommitParts, repository: string, arch: string): Promise<void> {
  const { packs, archRepos, store, log } = parts
  const archRepo = archRepos.find(repository, arch)
  if (!archRepo || archRepo.current.number % compactEvery !== 0) return
  try {
    const before = await archRepo.current.manifest()
    const compaction = await compactPack(packs, archRepo.id, before)
    if (!compaction) return
    await store
      .transaction()
      .execute((trx) => saveManifest(trx, archRepo.id, { before, after: compaction.manifest }))
    archRepo.current.moveTo(compaction.manifest)
    if (compaction.spare !== undefined) await packs.drop(archRepo.id, compaction.spare)
  } catch (fault) {
    log.warn({ err: fault, repository, arch }, 'the packs of a database could not be compacted')
  }
}
