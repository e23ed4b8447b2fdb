/** `db`: what packages are; `files`: the same with the lists of their files. */
export type DatabaseKind = 'db' | 'files'

export const databaseKinds: readonly DatabaseKind[] = ['db', 'files']

/** A piece of a database, deflated by itself: some neighbouring entries. */
export interface Segment {
  /** The name of the first package in it. It ends where the next segment begins. */
  readonly firstName: string
  /** The number of the pack file that holds it, and where, in bytes. */
  readonly pack: number
  readonly position: number
  /** Bytes deflated. */
  readonly length: number
  /** Bytes of tar, and their CRC-32. */
  readonly size: number
  readonly crc32: number
}

/** What the two databases of one generation are strung from, sorted by name. */
export type Manifest = Readonly<Record<DatabaseKind, readonly Segment[]>>

export const emptyManifest: Manifest = { db: [], files: [] }

/** Names from `from` on (undefined: from the first) up to, but without, `before` (undefined: to the last). */
export interface NameRange {
  readonly from: string | undefined
  readonly before: string | undefined
}

/** The segment that a name belongs to; names before the first segment belong to it too. Undefined when there is none. */
export function segmentIndexOf(segments: readonly Segment[], name: string): number | undefined {
  if (segments.length === 0) return undefined
  let low = 0
  let high = segments.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((segments[middle]?.firstName ?? '') <= name) low = middle
    else high = middle - 1
  }
  return low
}

/** The names that some neighbouring segments are there for. */
export function rangeOf(segments: readonly Segment[], first: number, last: number): NameRange {
  return {
    from: first === 0 ? undefined : segments[first]?.firstName,
    before: segments[last + 1]?.firstName,
  }
}

export function isInRange(name: string, { from, before }: NameRange): boolean {
  return (from === undefined || name >= from) && (before === undefined || name < before)
}

/** The packs that a manifest refers to, with the bytes of each that it uses. */
export function usedPacks(manifest: Manifest): Map<number, number> {
  const used = new Map<number, number>()
  for (const kind of databaseKinds) {
    for (const { pack, length } of manifest[kind]) used.set(pack, (used.get(pack) ?? 0) + length)
  }
  return used
}
