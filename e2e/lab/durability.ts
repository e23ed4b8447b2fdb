import { basename, dirname } from 'node:path'
import type { SystemCall } from './strace.ts'

/** What is known of a publish from outside. */
interface TracedPublish {
  /** Bytes of the package file; no other package of the trace has as many. */
  readonly size: number
  /** The port of the client's connection, which it used for this alone. */
  readonly port: number
  /**
   * The folders of the databases that it changed; `all` when nothing else was under way until it was answered, and so
   * everything that was written by then was written for it.
   */
  readonly databases: 'all' | readonly string[]
}

/** A commit of the SQL store: what was appended to its write-ahead log, and the sync of it. */
interface Commit {
  /** The line in which the first of its writes began. */
  readonly begin: number
  /** The line in which its sync ended. */
  readonly end: number
}

/**
 * Looks for what a power cut could take from a publish that was acknowledged, in the system calls that led to the
 * answer: bytes of the package → sync → its name → sync of the folder → databases synced → commit synced → answer.
 * Returns what is missing, in words; nothing when the answer was deserved.
 */
export function findGaps(calls: readonly SystemCall[], dataFolder: string, publish: TracedPublish): string[] {
  const answer = findAnswer(calls, publish.port)
  if (!answer) return [`no answer with status 200 was written to port ${publish.port}`]
  const before = calls.filter((call) => call.end < answer.begin)
  const staged = findStaged(before, dataFolder, publish.size)
  if (staged === undefined) return [`no file of ${publish.size} bytes was written before the answer`]
  const named = before.find((call) => /^rename/.test(call.name) && call.object === staged)
  if (!named?.target) return [`${staged} was not renamed before the answer`]
  const gaps: string[] = []
  const written = lastWrite(before, staged)
  if (!isSynced(before, staged, written.end, named.begin))
    gaps.push(`${staged} was not synced between its last write and its rename`)
  const kept = findSync(before, dirname(named.target), named.end, answer.begin)
  if (!kept) return [...gaps, `${dirname(named.target)} was not synced between the rename and the answer`]
  const commits = findCommits(before, dataFolder).filter((commit) => commit.begin > kept.end)
  const isAlone = publish.databases === 'all'
  const gapsOf = (commit: Commit) => unsyncedDatabases(before, dataFolder, publish.databases, commit.begin)
  const candidates = isAlone ? commits.slice(-1) : commits
  const [first] = candidates
  if (!first) gaps.push('no commit was written and synced between the package’s folder and the answer')
  else if (!candidates.some((commit) => gapsOf(commit).length === 0)) gaps.push(...gapsOf(first))
  return isAlone ? [...gaps, ...findUnsynced(before, dataFolder, answer.begin)] : gaps
}

/** The folders of databases that were written to between two lines. */
export function findWrittenDatabases(
  calls: readonly SystemCall[],
  dataFolder: string,
  lines: { readonly after: number; readonly before: number },
): string[] {
  const written = calls.filter((call) => {
    const isWithin = call.begin > lines.after && call.end < lines.before
    return isWithin && isWrite(call) && call.object.startsWith(`${dataFolder}/databases/`)
  })
  return [...new Set(written.map((call) => dirname(call.object)))].sort()
}

/**
 * Everything below the folder whose bytes or whose name a power cut at this line would take, in words. Staged files,
 * the lock and what SQLite shares between processes count for nothing after a crash and are left out, and so is the
 * main file of the SQL store, which its log stands in for.
 */
export function findUnsynced(calls: readonly SystemCall[], folder: string, line: number): string[] {
  const before = calls.filter((call) => call.end < line && matters(call.target ?? call.object, folder))
  const gaps = new Set<string>()
  for (const path of new Set(before.filter(isWrite).map((call) => call.object))) {
    if (isThere(before, path) && !isSynced(calls, path, lastWrite(before, path).end, line))
      gaps.add(`${path} was not synced after its last write`)
  }
  for (const made of before.filter((call, index) => isMaking(call, before.slice(0, index)))) {
    const path = made.target ?? made.object
    const parent = dirname(path)
    if (isThere(before, path) && !isSynced(calls, parent, made.end, line))
      gaps.add(`${parent} was not synced after ${basename(path)} was made in it`)
  }
  return [...gaps]
}

export function findAnswer(calls: readonly SystemCall[], port: number): SystemCall | undefined {
  return calls.find(
    (call) =>
      /^(write|writev|sendto|sendmsg)$/.test(call.name) &&
      call.object.startsWith('TCP') &&
      call.object.endsWith(`:${port}]`) &&
      /"HTTP\/1\.1 200/.test(call.parameters),
  )
}

function matters(path: string, folder: string): boolean {
  if (!path.startsWith(`${folder}/`)) return false
  return !/\/\.staging(\/|$)|\/store\.sqlite(-shm)?$|\/server\.lock(-journal)?$|\/logs(\/|$)/.test(path)
}

function isWrite({ name }: SystemCall): boolean {
  return /^(write|writev|pwrite64|pwritev2?|ftruncate|fallocate|copy_file_range)$/.test(name)
}

/** Whether a call gives a name to something for the first time. */
function isMaking(call: SystemCall, earlier: readonly SystemCall[]): boolean {
  if (/^(rename|link|mkdir)/.test(call.name)) return true
  if (!/^(open|openat|creat)$/.test(call.name) || !/O_CREAT/.test(call.parameters)) return false
  return !isThere(earlier, call.object)
}

/** Whether there is something of this name after these calls: the last one about it tells. */
function isThere(calls: readonly SystemCall[], path: string): boolean {
  const last = calls.findLast((call) => call.object === path || call.target === path)
  if (!last || /^(unlink|rmdir)/.test(last.name)) return false
  return last.target === undefined || last.target === path
}

/** The path of the file outside of databases that took exactly so many bytes. */
function findStaged(calls: readonly SystemCall[], dataFolder: string, size: number): string | undefined {
  const sizes = new Map<string, number>()
  for (const call of calls) {
    if (isWrite(call) && call.object.startsWith(`${dataFolder}/packages/`))
      sizes.set(call.object, (sizes.get(call.object) ?? 0) + call.result)
  }
  return [...sizes].find(([, written]) => written === size)?.[0]
}

/** Throws when there is none: callers know better. */
function lastWrite(calls: readonly SystemCall[], path: string): SystemCall {
  const last = calls.findLast((call) => isWrite(call) && call.object === path)
  if (!last) throw new Error(`Nothing was written to ${path}.`)
  return last
}

/** The first sync of a path that lies wholly between two lines. */
function findSync(
  calls: readonly SystemCall[],
  path: string,
  after: number,
  before: number,
): SystemCall | undefined {
  return calls.find(
    (call) =>
      /^f(data)?sync$/.test(call.name) && call.object === path && call.begin > after && call.end < before,
  )
}

function isSynced(calls: readonly SystemCall[], path: string, after: number, before: number): boolean {
  return findSync(calls, path, after, before) !== undefined
}

function findCommits(calls: readonly SystemCall[], dataFolder: string): Commit[] {
  const log = `${dataFolder}/store.sqlite-wal`
  const commits: Commit[] = []
  let first: SystemCall | undefined
  let last: SystemCall | undefined
  for (const call of calls) {
    if (call.object !== log) continue
    if (isWrite(call)) {
      first ??= call
      last = call
    } else if (/^f(data)?sync$/.test(call.name) && first && last && call.begin > last.end) {
      commits.push({ begin: first.begin, end: call.end })
      first = undefined
    }
  }
  return commits
}

function unsyncedDatabases(
  calls: readonly SystemCall[],
  dataFolder: string,
  databases: TracedPublish['databases'],
  line: number,
): string[] {
  const folders = databases === 'all' ? [`${dataFolder}/databases`] : databases
  return findUnsynced(calls, dataFolder, line).filter((gap) =>
    folders.some((folder) => gap.startsWith(`${folder}/`) || gap.startsWith(`${folder} `)),
  )
}
