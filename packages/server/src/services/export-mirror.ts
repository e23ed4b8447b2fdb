import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, type PolicyName } from '@vieter/api'
import type { Settings } from '@vieter/config'
import { copyDurably, holdsBytes, linkFile, writeDurably } from '../blobs/place-file.ts'
import { readSegment } from '../databases/check-packs.ts'
import { DatabaseFault } from '../databases/database-fault.ts'
import { layOut } from '../databases/database-layout.ts'
import { formatNamed } from '../databases/entry-reader.ts'
import { databaseKinds, type Segment } from '../databases/manifest.ts'
import type { PackFiles } from '../databases/pack-files.ts'
import type { OnProgress } from '../domain/finding.ts'
import { isErrnoException, syncFolder } from '../files.ts'
import { findMirroredPackages, type MirroredPackage } from '../store/mirrored-packages.ts'
import type { Store } from '../store/open-store.ts'
import { type ArchRepoRow, findVisibleArchRepos } from '../store/repositories.ts'
import { loadManifest } from '../store/segments.ts'
import type { Snapshots } from '../store/snapshots.ts'
import { exportMark, type MirrorTrees, openMirrorTrees } from './mirror-trees.ts'
import { openPolicies } from './repository-policies.ts'

interface Parts {
  snapshots: Snapshots
  blobs: { pathOf(key: string): string }
  packs: Pick<PackFiles, 'pin'>
  /** UTC epoch seconds. */
  clock: () => number
  /** How long the file of a replaced or removed package is still served, in seconds. */
  keepTime: number
  /** The defaults of policies. */
  settings: Pick<Settings, PolicyName>
  /** Export also what the server shows only to who has a token. */
  withPrivate: boolean
  onProgress: OnProgress
}

/** How often an export begins anew because what it read was moved or deleted meanwhile. */
const maxAttempts = 5

/**
 * Writes what the server serves as a static tree of real files, REPO/ARCH/FILE, and shows it in one step. Packages are
 * hard links to the server's own files where that can be; what has not changed since the last export is linked from there.
 * A server may run meanwhile: all comes from one snapshot. Throws FOLDER_REFUSED, FOLDER_IN_USE and DATA_DAMAGED.
 */
export async function exportMirror(parts: Parts, folder: string): Promise<void> {
  const trees = await openMirrorTrees(folder)
  try {
    for (let attempt = 1; !(await tryToFill(parts, trees, attempt)); attempt++) {
      await rm(trees.next, { recursive: true })
      await mkdir(trees.next)
    }
    await trees.show()
  } finally {
    trees.close()
  }
}

async function tryToFill(parts: Parts, trees: MirrorTrees, attempt: number): Promise<boolean> {
  try {
    await parts.snapshots((store) => fillTree(parts, store, trees))
    return true
  } catch (fault) {
    const isMissing = isErrnoException(fault) && fault.code === 'ENOENT'
    if (!isMissing && !(fault instanceof DatabaseFault)) throw fault
    if (attempt < maxAttempts) return false
    throw new AppError('DATA_DAMAGED', { message: fault.message, cause: fault })
  }
}

async function fillTree(parts: Parts, store: Store, { current, next }: MirrorTrees): Promise<void> {
  const now = parts.clock()
  const exportedAt = current === undefined ? 0 : Number(await readFile(join(current, exportMark), 'utf8'))
  const archRepos = await findExported(parts, store)
  for (const archRepo of archRepos) {
    const path = join(archRepo.repository, archRepo.arch)
    const folders = { previous: current && join(current, path), next: join(next, path), exportedAt }
    await mkdir(folders.next, { recursive: true })
    await placeDatabases(parts, store, archRepo, folders)
    await placePackages(parts, store, archRepo, folders)
    await syncFolder(folders.next)
  }
  const lastUpdate = Math.max(0, ...archRepos.map((archRepo) => archRepo.updated_at))
  await writeDurably(join(next, 'lastupdate'), [Buffer.from(`${lastUpdate}\n`)])
  await writeDurably(join(next, exportMark), [Buffer.from(`${now}\n`)])
  for (const repository of new Set(archRepos.map((archRepo) => archRepo.repository)))
    await syncFolder(join(next, repository))
  await syncFolder(next)
}

/** A tree of files asks nobody for a token. */
async function findExported(
  { settings, withPrivate }: Parts,
  store: Store,
): ReturnType<typeof findVisibleArchRepos> {
  const archRepos = await findVisibleArchRepos(store)
  if (withPrivate) return archRepos
  const policies = await openPolicies(store, settings)
  return archRepos.filter(({ repository }) => policies.of(repository).access === 'public')
}

/** One folder in the tree that is shown now (undefined: there is none), and in the next one. */
interface Folders {
  previous: string | undefined
  next: string
  /** When the previous export took its snapshot, in UTC epoch seconds. */
  exportedAt: number
}

async function placeDatabases(
  { packs }: Parts,
  store: Store,
  { id, repository, arch, format, last_modified }: ArchRepoRow & { repository: string },
  { previous, next }: Folders,
): Promise<void> {
  if (!formatNamed(format))
    throw new DatabaseFault(
      `The databases of ${repository}/${arch} are not written yet: start the server once.`,
    )
  const manifest = await loadManifest(store, id)
  for (const kind of databaseKinds) {
    const name = `${repository}.${kind}`
    const pieces = () => databasePieces(packs, id, manifest[kind])
    await placeBytes(pieces, {
      previous: previous && join(previous, name),
      next: join(next, name),
      date: last_modified,
    })
    await linkOrCopy(join(next, name), join(next, `${name}.tar.gz`))
  }
}

/** A database as it is served, each segment checked: its pack may be another one by now. */
async function* databasePieces(
  packs: Parts['packs'],
  archRepoId: number,
  manifest: readonly Segment[],
): AsyncGenerator<Uint8Array> {
  const { head, segments, tail } = layOut(manifest)
  yield head
  for (const segment of segments) yield (await readSegment(packs, archRepoId, segment)).bytes
  yield tail
}

/**
 * A file that may differ from the one before under its name: never with the same date then, since a client that has the
 * one before would not be given the new one.
 */
async function placeBytes(
  pieces: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { previous, next, date }: { previous: string | undefined; next: string; date: number },
): Promise<void> {
  const before = previous === undefined ? undefined : await statIfThere(previous)
  if (previous !== undefined && before && (await holdsBytes(previous, pieces()))) {
    if (await linkFile(previous, next)) return
  }
  const earliest = before ? Math.floor(before.mtimeMs / 1000) + 1 : 0
  await writeDurably(next, pieces(), Math.max(date, earliest))
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  if (await linkFile(from, to)) return
  await copyDurably(from, to, Math.floor((await stat(from)).mtimeMs / 1000))
}

async function placePackages(
  parts: Parts,
  store: Store,
  { id, repository, arch }: ArchRepoRow & { repository: string },
  folders: Folders,
): Promise<void> {
  const packages = await findMirroredPackages(store, id, parts.clock() - parts.keepTime)
  for (const [index, pkg] of packages.entries()) {
    parts.onProgress(`exporting ${repository}/${arch}`, index, packages.length)
    await placePackage(parts, pkg, folders)
    if (pkg.signature === '') continue
    const name = `${pkg.filename}.sig`
    const { previous, next } = folders
    const place = {
      previous: previous && join(previous, name),
      next: join(next, name),
      date: pkg.publishedAt,
    }
    await placeBytes(() => [Buffer.from(pkg.signature, 'base64')], place)
  }
}

async function placePackage(
  { blobs }: Parts,
  { key, filename, size, publishedAt }: MirroredPackage,
  { previous, next, exportedAt }: Folders,
): Promise<void> {
  const [blob, target] = [blobs.pathOf(key), join(next, filename)]
  if (await linkFile(blob, target)) return
  const earlier = previous === undefined ? undefined : join(previous, filename)
  const copy = earlier === undefined ? undefined : await statIfThere(earlier)
  // Published before that snapshot, with this very date: then that export copied this package, not one that it replaced.
  const isSame = copy?.size === size && copy.mtimeMs === publishedAt * 1000 && publishedAt < exportedAt
  if (earlier !== undefined && isSame && (await linkFile(earlier, target))) return
  await copyDurably(blob, target, publishedAt)
}

async function statIfThere(path: string): Promise<{ size: number; mtimeMs: number } | undefined> {
  return stat(path).catch((fault: unknown) => {
    if (isErrnoException(fault) && fault.code === 'ENOENT') return undefined
    throw fault
  })
}
