import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { type DatabaseEntry, FormatError, readDatabase, readTar, tarEnd } from '@vieter/alpm'
import { findPackFault, readSegment } from '../databases/check-packs.ts'
import { DatabaseFault } from '../databases/database-fault.ts'
import { layOut } from '../databases/database-layout.ts'
import { formatNamed, readChangedEntries } from '../databases/entry-reader.ts'
import {
  type DatabaseKind,
  databaseKinds,
  type Manifest,
  type NameRange,
  rangeOf,
  type Segment,
} from '../databases/manifest.ts'
import type { PackFiles } from '../databases/pack-files.ts'
import type { Finding, OnProgress } from '../domain/finding.ts'
import type { Store } from '../store/open-store.ts'
import { findVisibleArchRepos } from '../store/repositories.ts'
import { loadManifest } from '../store/segments.ts'
import type { Snapshots } from '../store/snapshots.ts'

interface Parts {
  snapshots: Snapshots
  packs: Pick<PackFiles, 'pin'>
}

interface CheckOptions {
  /** Only that all packs are there and long enough. */
  fast: boolean
  onProgress?: OnProgress
  /** Ends the check: it throws the signal's reason. */
  signal?: AbortSignal
}

/** Checks the databases of all visible arch-repos. */
export async function checkDatabases(parts: Parts, options: CheckOptions): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { id, repository, arch } of await parts.snapshots(findVisibleArchRepos)) {
    const what = await findDatabaseFault(parts, id, options)
    if (what === undefined) continue
    const where = `${repository}/${arch}`
    findings.push({ kind: 'database', where, what, repairable: true, repository, arch })
  }
  return findings
}

/**
 * Reads both databases of an arch-repo as they are served, and compares them, entry by entry, with what the rows say;
 * returns what is wrong. A server may go on meanwhile: what it moved away is looked at again.
 */
export async function findDatabaseFault(
  parts: Parts,
  archRepoId: number,
  options: CheckOptions,
): Promise<string | undefined> {
  for (;;) {
    const fault = await parts.snapshots((store) => look(parts, store, archRepoId, options))
    if (fault?.segment === undefined) return fault?.message
    const manifest = await parts.snapshots((store) => loadManifest(store, archRepoId))
    if (holds(manifest, fault.segment)) return fault.message
  }
}

function holds(manifest: Manifest, { pack, position }: Segment): boolean {
  return databaseKinds.some((kind) =>
    manifest[kind].some((segment) => segment.pack === pack && segment.position === position),
  )
}

async function look(
  { packs }: Parts,
  store: Store,
  archRepoId: number,
  { fast, onProgress, signal }: CheckOptions,
): Promise<DatabaseFault | undefined> {
  const archRepo = (await findVisibleArchRepos(store)).find(({ id }) => id === archRepoId)
  if (!archRepo) return undefined
  const format = formatNamed(archRepo.format)
  if (!format) return new DatabaseFault('the databases are not of this version’s format')
  const manifest = await loadManifest(store, archRepoId)
  const missing = await findPackFault(packs, archRepoId, manifest)
  if (missing || fast) return missing
  const read: ReadEntries = (range, kind) =>
    readChangedEntries(store, { archRepoId, kind, range, changes: [], format })
  const step = `reading the databases of ${archRepo.repository}/${archRepo.arch}`
  try {
    for (const kind of databaseKinds) {
      const onSegment = (done: number) => {
        signal?.throwIfAborted()
        onProgress?.(`${step} (${kind})`, done, manifest[kind].length)
      }
      await readAsServed(servedPieces(packs, archRepoId, { manifest, kind, read, onSegment }))
    }
    return undefined
  } catch (fault) {
    if (fault instanceof DatabaseFault) return fault
    throw fault
  }
}

/** As pacman reads it: one gzip member, and in it one tar up to its end. */
async function readAsServed(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await pipeline(pieces, createGunzip(), async (tar: AsyncIterable<Uint8Array>) => {
      for await (const _entry of readTar(tar));
    })
  } catch (fault) {
    if (fault instanceof FormatError || isZlibError(fault))
      throw new DatabaseFault(fault.message, undefined, fault)
    throw fault
  }
}

function isZlibError(fault: unknown): fault is Error {
  return (
    fault instanceof Error && 'errno' in fault && String((fault as { code?: unknown }).code).startsWith('Z_')
  )
}

type ReadEntries = (range: NameRange, kind: DatabaseKind) => Promise<DatabaseEntry[]>

interface Served {
  manifest: Manifest
  kind: DatabaseKind
  /** What the rows say. */
  read: ReadEntries
  /** Called before each segment with the number of those before it, and at the end. */
  onSegment(done: number): void
}

/** The bytes of a database as they are served, each segment compared with the rows of its range. */
async function* servedPieces(
  packs: Parts['packs'],
  archRepoId: number,
  { manifest, kind, read, onSegment }: Served,
): AsyncGenerator<Uint8Array> {
  const { head, segments, tail } = layOut(manifest[kind])
  yield head
  for (const [index, segment] of segments.entries()) {
    onSegment(index)
    const { bytes, tar } = await readSegment(packs, archRepoId, segment)
    const expected = await read(rangeOf(segments, index, index), kind)
    compareEntries(await parseSegment(tar, segment), expected, { segment, kind })
    yield bytes
  }
  const isEmpty = segments.length === 0
  const rows = isEmpty ? await read({ from: undefined, before: undefined }, kind) : []
  if (rows.length > 0) throw new DatabaseFault('the databases are empty, but the rows are not')
  onSegment(segments.length)
  yield tail
}

async function parseSegment(tar: Uint8Array, segment: Segment): Promise<DatabaseEntry[]> {
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield tar
    yield tarEnd()
  }
  try {
    return await readDatabase(whole())
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    throw new DatabaseFault(`the segment of ${segment.firstName}: ${cause.message}`, segment, cause)
  }
}

function compareEntries(
  found: readonly DatabaseEntry[],
  expected: readonly DatabaseEntry[],
  { segment, kind }: { segment: Segment; kind: DatabaseKind },
): void {
  const fault = (name: string, what: string) =>
    new DatabaseFault(`${kind}, the segment of ${segment.firstName}: ${name} ${what}`, segment)
  if (found[0]?.name !== segment.firstName) throw fault(found[0]?.name ?? 'nothing', 'stands first')
  for (let index = 0; index < Math.max(found.length, expected.length); index++) {
    const [entry, row] = [found[index], expected[index]]
    if (!row || (entry && entry.name < row.name)) throw fault(entry?.name ?? '', 'is in no row')
    if (!entry || entry.name > row.name) throw fault(row.name, 'is missing')
    if (entry.version !== row.version) throw fault(row.name, `has the version ${entry.version}`)
    if (entry.desc !== row.desc) throw fault(row.name, 'has another desc than its row')
    if (kind === 'files' && entry.files !== row.files) throw fault(row.name, 'has other files than its row')
  }
}
