import { compactPack } from '../databases/compact-packs.ts'
import {
  applyChange,
  basesIn,
  type Change,
  type ChangeOutcome,
  concernsAll,
  namesIn,
  type Rules,
} from '../domain/plan-changes.ts'
import type { PlannedPackage, RepositoryState } from '../domain/repository-state.ts'
import { findEntries, findNamesOfBases, findPublished, findRepository } from '../store/repositories.ts'
import { saveManifest } from '../store/segments.ts'
import { findServedHashes } from '../store/served-files.ts'
import { type Alongside, type CommitParts, commitState, type Transition } from './commit-state.ts'
import { storageFault } from './storage-fault.ts'

/** A change to one repository. */
export interface RepositoryChange {
  repository: string
  change: Change
}

/** Changes, each to another repository, that wait for their commit: all of them are made, or none. */
export interface CommitRequest {
  changes: readonly RepositoryChange[]
  alongside?: Alongside
  /** With what each change did, in their order. */
  resolve(outcomes: readonly ChangeOutcome[]): void
  reject(fault: unknown): void
}

/** What a group makes of a repository, as far as it has come. */
interface Plan extends Transition {
  rules: Rules
  /** A change was accepted. */
  isChanged: boolean
}

/**
 * Makes the changes of a group in one commit. Never throws: every request is answered. A fault that may be one
 * request's alone is found by trying each alone.
 */
export async function commitGroup(parts: CommitParts, group: readonly CommitRequest[]): Promise<void> {
  try {
    await tryGroup(parts, group)
  } catch (fault) {
    const [only] = group
    if (group.length === 1) only?.reject(storageFault(fault))
    else for (const request of group) await commitGroup(parts, [request])
  }
}

async function tryGroup(parts: CommitParts, group: readonly CommitRequest[]): Promise<void> {
  const plans = await loadPlans(parts, group)
  const accepted: { request: CommitRequest; outcomes: ChangeOutcome[] }[] = []
  const refused: { request: CommitRequest; fault: unknown }[] = []
  for (const request of group) {
    try {
      accepted.push({ request, outcomes: applyRequest(plans, request) })
    } catch (fault) {
      refused.push({ request, fault })
    }
  }
  if (accepted.length > 0) {
    const transitions = [...plans.values()].filter(({ isChanged }) => isChanged)
    await commitState(parts, transitions, async (trx) => {
      for (const { request, outcomes } of accepted) await request.alongside?.(trx, outcomes)
    })
  }
  await deleteSpares(
    parts,
    accepted.flatMap(({ outcomes }) => outcomes.flatMap(({ spareBlobs }) => spareBlobs)),
  )
  for (const { request, outcomes } of accepted) request.resolve(outcomes)
  // Only now: had the commit failed, each would be tried alone, and what stood in its way might be gone.
  for (const { request, fault } of refused) request.reject(fault)
}

/** Applies all changes of a request to the plans of their repositories or, when it throws, none. */
function applyRequest(plans: Map<string, Plan>, { changes }: CommitRequest): ChangeOutcome[] {
  const outcomes: ChangeOutcome[] = []
  const drafts = new Map<string, Plan>()
  for (const { repository, change } of changes) {
    const plan = plans.get(repository)
    if (!plan) throw new Error(`the repository ${repository} is not planned`)
    // A change alone is applied wholly or not at all; what came before another is applied to a copy.
    const draft = changes.length === 1 ? plan : copyPlan(plan)
    outcomes.push(applyChange(draft.after, change, draft.rules))
    drafts.set(repository, { ...draft, own: draft.rules.own, isChanged: true })
  }
  for (const [repository, draft] of drafts) plans.set(repository, draft)
  return outcomes
}

function copyPlan(plan: Plan): Plan {
  const published = new Map(plan.published)
  return { ...plan, after: copyState(plan.after), published, rules: { ...plan.rules, published } }
}

async function loadPlans(parts: CommitParts, group: readonly CommitRequest[]): Promise<Map<string, Plan>> {
  const changes = Map.groupBy(
    group.flatMap((request) => request.changes),
    ({ repository }) => repository,
  )
  const plans = new Map<string, Plan>()
  for (const [repository, all] of changes) {
    const loaded = await loadPlan(
      parts,
      repository,
      all.map(({ change }) => change),
    )
    plans.set(repository, loaded)
  }
  return plans
}

/** What the store has of a repository, as far as some changes are about it. */
export async function loadPlan(
  parts: Pick<CommitParts, 'store' | 'archRepos' | 'policies' | 'settings'>,
  repository: string,
  changes: readonly Change[],
): Promise<Plan> {
  const { store, archRepos, policies, settings } = parts
  const row = await findRepository(store, repository)
  const before: RepositoryState = { exists: row?.visible === 1, archRepos: new Map() }
  const visible = archRepos.of(repository)
  const extent = extentOf(parts, repository)
  const all = changes.some((change) => concernsAll(change, extent))
  const ofBases = all || !row ? [] : await findNamesOfBases(store, row.id, changes.flatMap(basesIn))
  const names = all ? 'all' : [...new Set([...changes.flatMap(namesIn), ...ofBases])]
  const filenames = changes.flatMap((change) =>
    change.kind === 'publish' ? change.packages.map((pkg) => pkg.filename) : [],
  )
  // All questions at once: each way to the store's thread and back takes longer than its answer.
  const [served, remembered, ...found] = await Promise.all([
    row ? findPublished(store, row.id, filenames) : [],
    row ? findServedHashes(store, row.id, filenames) : new Map<string, string>(),
    ...Array.from(visible.values(), async ({ id, arch }) => ({
      arch,
      entries: await findEntries(store, id, names),
    })),
  ])
  const known = new Map<number, PlannedPackage>()
  for (const { arch, entries } of found)
    before.archRepos.set(arch, new Map(entries.map((pkg) => [pkg.name, sameObject(known, pkg)])))
  const published = new Map(served.map((pkg) => [pkg.filename, pkg]))
  const own = policies.own(repository)
  const rules: Rules = {
    policies: policies.of(repository),
    own,
    policiesWith: (next) => policies.with(repository, next),
    defaultArch: settings.default_arch,
    published,
    remembered,
  }
  const after = copyState(before)
  return { repository, repositoryId: row?.id, before, after, published, own, rules, isChanged: false }
}

/** What tells how much of a repository a change to it is about. */
export function extentOf(
  { archRepos, policies, settings }: Pick<CommitParts, 'archRepos' | 'policies' | 'settings'>,
  repository: string,
): Parameters<typeof concernsAll>[1] {
  return {
    archs: new Set(archRepos.of(repository).keys()),
    policies: policies.of(repository),
    defaultArch: settings.default_arch,
  }
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

function copyState({ exists, archRepos }: RepositoryState): RepositoryState {
  return { exists, archRepos: new Map([...archRepos].map(([arch, archRepo]) => [arch, new Map(archRepo)])) }
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
