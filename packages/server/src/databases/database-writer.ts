import { type DatabaseEntry, databaseEntryTar } from '@vieter/alpm'
import { cutEntries, type RenderedEntry, sizeOf, targetSize } from './cut-entries.ts'
import { type DeflatedSegment, deflateSegment } from './deflate-segment.ts'
import {
  type DatabaseKind,
  databaseKinds,
  type Manifest,
  type NameRange,
  rangeOf,
  type Segment,
  segmentIndexOf,
} from './manifest.ts'
import type { PackFiles } from './pack-files.ts'

/** Reads the entries that a new generation has in a range, sorted by name; those of `db` have no files. */
export type ReadEntries = (range: NameRange, kind: DatabaseKind) => Promise<DatabaseEntry[]>

/** Reads some entries, with files, behind a name (undefined: from the first on), sorted; none at the end. */
export type ReadPage = (after: string | undefined) => Promise<DatabaseEntry[]>

/** A segment that has no place in a pack yet, or one that keeps its place. */
type Piece = Segment | (DeflatedSegment & { firstName: string })

/** Renders and stores the segments that some names fall into. When it resolves they are durable; nobody sees them yet. */
export async function updateDatabases(
  packs: PackFiles,
  archRepoId: number,
  { manifest, names, read }: { manifest: Manifest; names: readonly string[]; read: ReadEntries },
): Promise<Manifest> {
  const [db, files] = await Promise.all(
    databaseKinds.map((kind) => renderTouched(manifest[kind], names, kind, (range) => read(range, kind))),
  )
  return store(packs, archRepoId, { db: db ?? [], files: files ?? [] })
}

async function renderTouched(
  segments: readonly Segment[],
  names: readonly string[],
  kind: DatabaseKind,
  read: (range: NameRange) => Promise<DatabaseEntry[]>,
): Promise<Piece[]> {
  if (segments.length === 0)
    return deflateAll(render(await read({ from: undefined, before: undefined }), kind), kind)
  const touched = [...new Set(names.map((name) => segmentIndexOf(segments, name) ?? 0))].sort((a, b) => a - b)
  const replaced = await Promise.all(
    touched.map(async (index) => {
      const run = { first: index, last: index }
      const entries = render(await read(rangeOf(segments, index, index)), kind)
      return { run, entries }
    }),
  )
  const taken = new Set(touched)
  for (const part of replaced) await absorbNeighbour(segments, part, taken, kind, read)
  const pieces = await Promise.all(replaced.map(({ entries }) => deflateAll(entries, kind)))
  const result: Piece[] = []
  let next = 0
  replaced.forEach(({ run }, index) => {
    result.push(...segments.slice(next, run.first), ...(pieces[index] ?? []))
    next = run.last + 1
  })
  return [...result, ...segments.slice(next)]
}

/** Segments in a row that are replaced, and the entries that replace them. */
interface Replaced {
  run: { first: number; last: number }
  entries: RenderedEntry[]
}

/** A segment that has become small joins one beside it, if that is not being replaced too and the two make no large one. */
async function absorbNeighbour(
  segments: readonly Segment[],
  part: Replaced,
  taken: Set<number>,
  kind: DatabaseKind,
  read: (range: NameRange) => Promise<DatabaseEntry[]>,
): Promise<void> {
  const size = sizeOf(part.entries)
  const target = targetSize[kind]
  if (size === 0 || size >= target / 4) return
  const { first } = part.run
  const neighbour = [first + 1, first - 1].find((index) => {
    const segment = segments[index]
    return segment !== undefined && !taken.has(index) && segment.size + size <= target
  })
  if (neighbour === undefined) return
  taken.add(neighbour)
  const entries = render(await read(rangeOf(segments, neighbour, neighbour)), kind)
  part.entries = neighbour > first ? [...part.entries, ...entries] : [...entries, ...part.entries]
  part.run = { first: Math.min(first, neighbour), last: Math.max(first, neighbour) }
}

function render(entries: readonly DatabaseEntry[], kind: DatabaseKind): RenderedEntry[] {
  return entries.map(({ name, version, desc, files }) => {
    const listed = kind === 'files' && files !== undefined ? { files } : {}
    return { name, tar: databaseEntryTar({ name, version, desc, ...listed }) }
  })
}

function deflateAll(entries: readonly RenderedEntry[], kind: DatabaseKind): Promise<Piece[]> {
  return Promise.all(cutEntries(entries, targetSize[kind]).map(deflatePiece))
}

async function deflatePiece(entries: readonly RenderedEntry[]): Promise<Piece> {
  const segment = await deflateSegment(Buffer.concat(entries.map(({ tar }) => tar)))
  return { ...segment, firstName: entries[0]?.name ?? '' }
}

/** Gives new pieces their places, in one append. */
async function store(
  packs: PackFiles,
  archRepoId: number,
  pieces: Readonly<Record<DatabaseKind, readonly Piece[]>>,
): Promise<Manifest> {
  const fresh = databaseKinds.flatMap((kind) =>
    pieces[kind].flatMap((piece) => ('bytes' in piece ? [piece.bytes] : [])),
  )
  const places = fresh.length === 0 ? [] : await packs.append(archRepoId, fresh)
  let next = 0
  const place = (piece: Piece): Segment => {
    if (!('bytes' in piece)) return piece
    const { pack = 0, position = 0 } = places[next++] ?? {}
    const { firstName, bytes, size, crc32 } = piece
    return { firstName, pack, position, length: bytes.length, size, crc32 }
  }
  return { db: pieces.db.map(place), files: pieces.files.map(place) }
}

/** Writes both databases from nothing, page by page, so that no more than a few segments are in memory. */
export async function rebuildDatabases(
  packs: PackFiles,
  archRepoId: number,
  readPage: ReadPage,
): Promise<Manifest> {
  await packs.finish(archRepoId)
  const segments: Record<DatabaseKind, Segment[]> = { db: [], files: [] }
  const open: Record<DatabaseKind, RenderedEntry[]> = { db: [], files: [] }
  let after: string | undefined
  for (let page = await readPage(after); page.length > 0; page = await readPage(after)) {
    after = page.at(-1)?.name
    const pieces = { db: await takeFull('db', page), files: await takeFull('files', page) }
    await keep(pieces)
  }
  await keep({ db: await deflateAll(open.db, 'db'), files: await deflateAll(open.files, 'files') })
  return segments

  /** All but the last piece, which the next page goes on with. */
  async function takeFull(kind: DatabaseKind, page: readonly DatabaseEntry[]): Promise<Piece[]> {
    const pieces = cutEntries([...open[kind], ...render(page, kind)], targetSize[kind])
    open[kind] = pieces.pop() ?? []
    return Promise.all(pieces.map(deflatePiece))
  }

  async function keep(pieces: Record<DatabaseKind, Piece[]>): Promise<void> {
    const stored = await store(packs, archRepoId, pieces)
    for (const kind of databaseKinds) segments[kind].push(...stored[kind])
  }
}
