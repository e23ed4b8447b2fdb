import type { RemovalReport } from '@vieter/api'
import type { Context } from '../context.ts'
import { applyRemoval, type Removal, type Removed } from '../domain/plan-removals.ts'
import { debugRepositoryOf } from '../domain/policies.ts'
import { loadPlan } from './commit-group.ts'

type Parts = Pick<Context, 'commits' | 'snapshots' | 'archRepos' | 'policies' | 'settings'>

interface RemovalInput {
  repository: string
  removal: Removal
  /** Only tell what would go. */
  dryRun: boolean
}

/** A removal from one repository. */
interface RepositoryRemoval {
  repository: string
  change: Removal
}

/**
 * Removes from a repository what is to go, in one commit, and tells what went: all of it or, when it throws, nothing. With
 * a pkgbase goes its debug package, also from the repository for those. Throws PACKAGE_NOT_FOUND and REPOSITORY_NOT_FOUND.
 */
export async function removePackages(
  parts: Parts,
  { repository, removal, dryRun }: RemovalInput,
): Promise<RemovalReport> {
  const removals = [{ repository, change: removal }, ...debugRemovals(parts, repository, removal)]
  const removed = dryRun ? await planRemovals(parts, removals) : await makeRemovals(parts, removals)
  return reportOf(
    removed.map((each, index) => ({ ...each, name: removals[index]?.repository ?? repository })),
    dryRun,
  )
}

/** What goes from the repository for debug packages, where there is one. */
function debugRemovals({ archRepos }: Parts, repository: string, removal: Removal): RepositoryRemoval[] {
  if (removal.kind !== 'remove-packages' || removal.bases.length === 0) return []
  const aside = debugRepositoryOf(repository)
  if (archRepos.of(aside).size === 0) return []
  const { bases, arch } = removal
  return [{ repository: aside, change: { kind: 'remove-debug-packages', bases, arch } }]
}

async function makeRemovals({ commits }: Parts, removals: readonly RepositoryRemoval[]): Promise<Removed[]> {
  return (await commits.submitAll(removals)).map(({ removed }) => removed)
}

async function planRemovals(
  { snapshots, archRepos, policies, settings }: Parts,
  removals: readonly RepositoryRemoval[],
): Promise<Removed[]> {
  const plans = await snapshots((store) =>
    Promise.all(
      removals.map(({ repository, change }) =>
        loadPlan({ store, archRepos, policies, settings }, repository, [change]),
      ),
    ),
  )
  return removals.map(({ change }, index) => {
    const plan = plans[index]
    if (!plan) throw new Error('a removal was not planned')
    return applyRemoval(plan.after, change)
  })
}

function reportOf(removed: readonly (Removed & { name: string })[], dryRun: boolean): RemovalReport {
  const packages = removed.flatMap(({ name: repo, packages: gone }) =>
    gone.map(({ pkg: { name, base, version, filename, size }, archs, isGone }) => {
      return { told: { name, base, version, filename, size, archs, repo }, bytes: isGone ? size : 0 }
    }),
  )
  return {
    packages: packages.map(({ told }) => told),
    archs: removed.flatMap(({ archs }) => archs),
    repository: removed.some(({ repository }) => repository),
    bytes: packages.reduce((sum, { bytes }) => sum + bytes, 0),
    dry_run: dryRun,
  }
}
