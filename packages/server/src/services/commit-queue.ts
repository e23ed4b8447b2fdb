import type { Change, ChangeOutcome } from '../domain/plan-changes.ts'
import { scopeOf } from '../domain/plan-changes.ts'
import { type CommitRequest, commitGroup, compactArchRepo } from './commit-group.ts'
import type { Alongside, CommitParts } from './commit-state.ts'

/**
 * Makes changes to repositories. Those of one arch-repo are made one group after another; arch-repos don't wait for each
 * other, unless a change is about several.
 */
export interface CommitQueue {
  /**
   * Resolves once the change is durable and visible: its blobs must be committed before. Changes that arrive while
   * a group is being written share the next generation. A refused change rejects alone, and changes nothing.
   */
  submit(repository: string, change: Change, alongside?: Alongside): Promise<ChangeOutcome>
  /** Does something about one arch-repo while none of its changes is being made; those that come wait for it. */
  exclusively(repository: string, arch: string, work: () => Promise<void>): Promise<void>
  /** Resolves when every change submitted so far has been made or refused. */
  idle(): Promise<void>
}

/** What waits for a repository, in its order, and the scopes that are being worked on: architectures, or `all`. */
interface Line {
  waiting: CommitRequest[]
  works: ExclusiveWork[]
  running: Map<string, Promise<void>>
}

interface ExclusiveWork {
  arch: string
  /** Never rejects. */
  run(): Promise<void>
}

export function createCommitQueue(parts: CommitParts): CommitQueue {
  const lines = new Map<string, Line>()

  /** Starts every group that need not wait for another. */
  function advance(repository: string, line: Line): void {
    for (const { arch, run } of takeWorks(line)) begin(repository, line, arch, run())
    for (const [scope, group] of takeGroups(repository, line)) {
      const work = commitGroup(parts, repository, group)
      begin(
        repository,
        line,
        scope,
        work.then(() => compactArchRepo(parts, repository, scope)),
      )
    }
    if (line.waiting.length === 0 && line.works.length === 0 && line.running.size === 0)
      lines.delete(repository)
  }

  function begin(repository: string, line: Line, scope: string, work: Promise<void>): void {
    const whole = work.finally(() => {
      line.running.delete(scope)
      advance(repository, line)
    })
    line.running.set(scope, whole)
  }

  function takeWorks(line: Line): ExclusiveWork[] {
    if (line.running.has('all')) return []
    const taken = new Map<string, ExclusiveWork>()
    line.works = line.works.filter((work) => {
      if (line.running.has(work.arch) || taken.has(work.arch)) return true
      taken.set(work.arch, work)
      return false
    })
    return [...taken.values()]
  }

  function lineOf(repository: string): Line {
    const line: Line = lines.get(repository) ?? { waiting: [], works: [], running: new Map() }
    lines.set(repository, line)
    return line
  }

  function takeGroups(repository: string, line: Line): Map<string, CommitRequest[]> {
    const archs = new Set(parts.archRepos.of(repository).keys())
    const scopes = line.waiting.map(({ change }) => scopeOf(change, archs))
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

  return {
    submit(repository, change, alongside) {
      const { promise, resolve, reject } = Promise.withResolvers<ChangeOutcome>()
      const line = lineOf(repository)
      line.waiting.push({ change, resolve, reject, ...(alongside ? { alongside } : {}) })
      advance(repository, line)
      return promise
    },
    exclusively(repository, arch, work) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const line = lineOf(repository)
      line.works.push({ arch, run: () => work().then(resolve, reject) })
      advance(repository, line)
      return promise
    },
    async idle() {
      while (lines.size > 0)
        await Promise.all([...lines.values()].flatMap(({ running }) => [...running.values()]))
    },
  }
}
