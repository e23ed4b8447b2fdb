import type { DatabaseFormat } from '../domain/desc-fields.ts'
import { targetSize } from './cut-entries.ts'
import type { EntryChange } from './entry-reader.ts'
import {
  type DatabaseKind,
  databaseKinds,
  isInRange,
  type Manifest,
  type NameRange,
  rangeOf,
  type Segment,
  segmentIndexOf,
} from './manifest.ts'
import type { PackFiles } from './pack-files.ts'
import type { Effort, RenderedSegment } from './render-entries.ts'
import type { Renderers } from './renderers.ts'

interface Parts {
  packs: PackFiles
  renderers: Renderers
  format: DatabaseFormat
}

/** A segment that keeps its place in a pack, or one that has none yet. */
type Piece = Segment | RenderedSegment

/** Makes segments of what an arch-repo will have in a range. */
type Render = (range: NameRange) => Promise<RenderedSegment[]>

/** Renders and stores the segments that some changes fall into. When it resolves they are durable; nobody sees them yet. */
export async function updateDatabases(
  parts: Parts,
  archRepoId: number,
  { manifest, changes }: { manifest: Manifest; changes: readonly EntryChange[] },
): Promise<Manifest> {
  const names = changes.map(({ name }) => name)
  const [db = [], files = []] = await Promise.all(
    databaseKinds.map((kind) =>
      renderTouched(
        manifest[kind],
        { names, kind },
        rendering(parts, { archRepoId, kind, changes, effort: 'quick' }),
      ),
    ),
  )
  return store(parts.packs, archRepoId, { db, files })
}

interface Rendering {
  archRepoId: number
  kind: DatabaseKind
  changes: readonly EntryChange[]
  effort: Effort
}

function rendering({ renderers, format }: Parts, { archRepoId, kind, changes, effort }: Rendering): Render {
  return (range) => {
    const inRange = changes.filter(({ name }) => isInRange(name, range))
    return renderers.render({ archRepoId, kind, range, changes: inRange, format }, effort)
  }
}

async function renderTouched(
  segments: readonly Segment[],
  { names, kind }: { names: readonly string[]; kind: DatabaseKind },
  render: Render,
): Promise<Piece[]> {
  if (segments.length === 0) return render({ from: undefined, before: undefined })
  const touched = new Set(names.map((name) => segmentIndexOf(segments, name) ?? 0))
  const replaced = await Promise.all(
    [...touched]
      .sort((a, b) => a - b)
      .map(async (index) => {
        return { first: index, last: index, pieces: await render(rangeOf(segments, index, index)) }
      }),
  )
  for (const run of replaced) await absorbNeighbour(segments, run, { touched, kind, render })
  const result: Piece[] = []
  let next = 0
  for (const { first, last, pieces } of replaced) {
    result.push(...segments.slice(next, first), ...pieces)
    next = last + 1
  }
  return [...result, ...segments.slice(next)]
}

/** Segments in a row that are replaced, and what replaces them. */
interface Run {
  first: number
  last: number
  pieces: RenderedSegment[]
}

/** A segment that has become small joins one beside it, if that is not replaced too, and the two make no large one. */
async function absorbNeighbour(
  segments: readonly Segment[],
  run: Run,
  { touched, kind, render }: { touched: Set<number>; kind: DatabaseKind; render: Render },
): Promise<void> {
  const size = run.pieces.reduce((sum, piece) => sum + piece.size, 0)
  const target = targetSize[kind]
  if (size === 0 || size >= target / 4) return
  const neighbour = [run.first + 1, run.first - 1].find((index) => {
    const segment = segments[index]
    return segment !== undefined && !touched.has(index) && segment.size + size <= target
  })
  if (neighbour === undefined) return
  touched.add(neighbour)
  run.first = Math.min(run.first, neighbour)
  run.last = Math.max(run.last, neighbour)
  run.pieces = await render(rangeOf(segments, run.first, run.last))
}

/** Gives new pieces their places, in one append. */
async function store(
  packs: PackFiles,
  archRepoId: number,
  pieces: Readonly<Record<DatabaseKind, readonly Piece[]>>,
): Promise<Manifest> {
  const fresh = databaseKinds.flatMap((kind) =>
    pieces[kind].flatMap((piece) => ('bytes' in piece ? piece.bytes : [])),
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

/** Entries that are rendered at once when all are: enough for some segments, little enough for memory. */
const pageSize = 100

/**
 * Writes both databases from nothing into a new pack. `names` are all that the arch-repo will have, sorted; the entries
 * that `changes` lacks are read from the store.
 */
export async function rebuildDatabases(
  parts: Parts,
  archRepoId: number,
  { names, changes }: { names: readonly string[]; changes: readonly EntryChange[] },
): Promise<Manifest> {
  await parts.packs.finish(archRepoId)
  const segments: Record<DatabaseKind, Segment[]> = { db: [], files: [] }
  for (let start = 0; start < names.length; start += pageSize) {
    const range = { from: names[start], before: names[start + pageSize] }
    const [db = [], files = []] = await Promise.all(
      databaseKinds.map((kind) => rendering(parts, { archRepoId, kind, changes, effort: 'thorough' })(range)),
    )
    const stored = await store(parts.packs, archRepoId, { db, files })
    for (const kind of databaseKinds) segments[kind].push(...stored[kind])
  }
  return segments
}
