import type { Change, ChangeOutcome } from '../domain/plan-changes.ts'
import { scopeOf } from '../domain/plan-changes.ts'
import { mainRepositoryOf } from '../domain/policies.ts'
import {
  type CommitRequest,
  commitGroup,
  compactArchRepo,
  extentOf,
  type RepositoryChange,
} from './commit-group.ts'
import type { Alongside, CommitParts } from './commit-state.ts'

/**
 * Makes changes to repositories. Those of one arch-repo are made one group after another; arch-repos don't wait for each
 * other, unless a change is about several. A repository and the one for its debug packages wait in one line, so that a
 * change to both needs no two.
 */
export interface CommitQueue {
  /**
   * Resolves once the change is durable and visible: its blobs must be committed before. Changes that arrive while
   * a group is being written share the next generation. A refused change rejects alone, and changes nothing.
   */
  submit(repository: string, change: Change, alongside?: Alongside): Promise<ChangeOutcome>
  /** The same for changes, each to a repository or the one for its debug packages: all are made, or none. What each did, in their order. */
  submitAll(changes: readonly RepositoryChange[], alongside?: Alongside): Promise<readonly ChangeOutcome[]>
  /** Does something about one arch-repo while none of its changes is being made; those that come wait for it. */
  exclusively(repository: string, arch: string, work: () => Promise<void>): Promise<void>
  /** Resolves when every change submitted so far has been made or refused. */
  idle(): Promise<void>
}

/** What waits for a repository, in its order, and the scopes that are being worked on: arch-repos, or `all`. */
interface Line {
  waiting: CommitRequest[]
  works: ExclusiveWork[]
  running: Map<string, Promise<void>>
}

interface ExclusiveWork {
  scope: string
  /** Never rejects. */
  run(): Promise<void>
}

export function createCommitQueue(parts: CommitParts): CommitQueue {
  const lines = new Map<string, Line>()

  /** Starts every group that need not wait for another. */
  function advance(name: string, line: Line): void {
    for (const { scope, run } of takeWorks(line)) begin(name, line, scope, run())
    for (const [scope, group] of takeGroups(line)) {
      const work = commitGroup(parts, group)
      begin(
        name,
        line,
        scope,
        work.then(() => compact(scope, group)),
      )
    }
    if (line.waiting.length === 0 && line.works.length === 0 && line.running.size === 0) lines.delete(name)
  }

  async function compact(scope: string, [request]: readonly CommitRequest[]): Promise<void> {
    const [only] = request?.changes ?? []
    if (scope !== 'all' && only) await compactArchRepo(parts, only.repository, archOf(scope))
  }

  function begin(name: string, line: Line, scope: string, work: Promise<void>): void {
    const whole = work.finally(() => {
      line.running.delete(scope)
      advance(name, line)
    })
    line.running.set(scope, whole)
  }

  function takeWorks(line: Line): ExclusiveWork[] {
    if (line.running.has('all')) return []
    const taken = new Map<string, ExclusiveWork>()
    line.works = line.works.filter((work) => {
      if (line.running.has(work.scope) || taken.has(work.scope)) return true
      taken.set(work.scope, work)
      return false
    })
    return [...taken.values()]
  }

  function lineOf(name: string): Line {
    const line: Line = lines.get(name) ?? { waiting: [], works: [], running: new Map() }
    lines.set(name, line)
    return line
  }

  function scopeOfRequest({ changes }: CommitRequest): string {
    const [only, ...others] = changes
    if (!only || others.length > 0) return 'all'
    const scope = scopeOf(only.change, extentOf(parts, only.repository))
    return scope === 'all' ? scope : scopeName(only.repository, scope)
  }

  function takeGroups(line: Line): Map<string, CommitRequest[]> {
    const scopes = line.waiting.map(scopeOfRequest)
    const groups = new Map<string, CommitRequest[]>()
    if (line.running.has('all')) return groups
    if (scopes[0] === 'all') {
      if (line.running.size > 0) return groups
      return groups.set('all', line.waiting.splice(0))
    }
    const barrier = scopes.indexOf('all')
    const reachable = barrier < 0 ? scopes.length : barrier
    const left: CommitRequest[] = []
    line.waiting.forEach((request, index) => {
      const scope = scopes[index] ?? 'all'
      if (index >= reachable || line.running.has(scope)) left.push(request)
      else groups.set(scope, [...(groups.get(scope) ?? []), request])
    })
    line.waiting = left
    return groups
  }

  function submitAll(
    changes: readonly RepositoryChange[],
    alongside: Alongside | undefined,
  ): Promise<readonly ChangeOutcome[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly ChangeOutcome[]>()
    const [name = '', ...others] = new Set(changes.map(({ repository }) => lineNameOf(repository)))
    if (others.length > 0) throw new Error(`changes of ${name} and ${others} don't wait in one line`)
    const line = lineOf(name)
    line.waiting.push({ changes, resolve, reject, ...(alongside ? { alongside } : {}) })
    advance(name, line)
    return promise
  }

  return {
    async submit(repository, change, alongside) {
      const [outcome] = await submitAll([{ repository, change }], alongside)
      if (!outcome) throw new Error(`nothing became of a change of ${repository}`)
      return outcome
    },
    submitAll,
    exclusively(repository, arch, work) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const name = lineNameOf(repository)
      const line = lineOf(name)
      line.works.push({ scope: scopeName(repository, arch), run: () => work().then(resolve, reject) })
      advance(name, line)
      return promise
    },
    async idle() {
      while (lines.size > 0)
        await Promise.all([...lines.values()].flatMap(({ running }) => [...running.values()]))
    },
  }
}

/** The line in which changes to a repository wait: that of the repository whose debug packages it is for. */
function lineNameOf(repository: string): string {
  const main = mainRepositoryOf(repository)
  return main === undefined ? repository : lineNameOf(main)
}

function scopeName(repository: string, arch: string): string {
  return `${repository}/${arch}`
}

function archOf(scope: string): string {
  return scope.slice(scope.indexOf('/') + 1)
}
