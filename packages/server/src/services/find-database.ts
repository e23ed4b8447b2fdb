import type { OpenBlob } from '../blobs/blob-store.ts'
import type { Context } from '../context.ts'
import { databaseKindOf } from '../databases/database-filename.ts'
import type { DatabaseLayout } from '../databases/database-layout.ts'
import type { DatabaseKind } from '../databases/manifest.ts'
import { openDatabase } from '../databases/read-database.ts'
import { decideDate } from '../domain/last-modified.ts'
import { isErrnoException } from '../files.ts'
import { raiseLastModified } from '../store/repositories.ts'
import { type ArchRepo, beginChange, type Generation } from './arch-repos.ts'

interface DatabaseRequest {
  repository: string
  arch: string
  kind: DatabaseKind
  /** The request's If-Modified-Since, in UTC epoch seconds. */
  since: number | undefined
}

/** The database of one generation, with the date that this client is told; undefined: none. */
export interface FoundDatabase {
  etag: string
  /** Bytes. */
  size: number
  lastModified: number | undefined
  /** Whoever calls it closes the blob. */
  open(): Promise<OpenBlob>
}

type Parts = Pick<Context, 'store' | 'packs' | 'archRepos' | 'clock'>

/** Finds the current database of an arch-repo, and settles its date with the client; undefined when there is none. */
export async function findDatabase(
  parts: Parts,
  request: DatabaseRequest,
): Promise<FoundDatabase | undefined> {
  for (;;) {
    const archRepo = parts.archRepos.find(request.repository, request.arch)
    if (!archRepo) return undefined
    const { current } = archRepo
    const layout = await current.layout(request.kind)
    if (current !== archRepo.current) continue
    const decision = decideDate(request.since, current.lastModified, parts.clock())
    if (decision.kind === 'undated') return foundOf(parts, archRepo, current, layout, request.kind)
    if (decision.kind === 'raise') {
      await raiseDate(parts, archRepo, decision.lastModified)
    } else if (archRepo.changing && !current.served) {
      // What comes next may get the date of this generation, since nobody has seen it: wait for that.
      await archRepo.changing
    } else {
      current.served = true
      const { lastModified } = current
      return { ...foundOf(parts, archRepo, current, layout, request.kind), lastModified }
    }
  }
}

async function raiseDate({ store }: Parts, archRepo: ArchRepo, lastModified: number): Promise<void> {
  const end = await beginChange(archRepo)
  try {
    if (archRepo.current.lastModified >= lastModified) return
    await raiseLastModified(store, archRepo.id, lastModified)
    archRepo.current.lastModified = lastModified
  } finally {
    end()
  }
}

interface UnchangedRequest {
  repository: string
  arch: string
  filename: string
  /** The request's If-Modified-Since, in UTC epoch seconds. */
  since: number
}

/**
 * A database that has not changed since the date that its client was sent, found in memory alone. Undefined whenever it
 * takes more than that to tell: `findDatabase` settles it then.
 */
export function findUnchanged(
  { archRepos }: Pick<Parts, 'archRepos'>,
  { repository, arch, filename, since }: UnchangedRequest,
): { etag: string; lastModified: number } | undefined {
  const kind = databaseKindOf(repository, filename)
  const current = archRepos.find(repository, arch)?.current
  if (!kind || !current?.served || current.lastModified !== since) return undefined
  const layout = current.laidOut(kind)
  return layout && { etag: etagOf(current, layout), lastModified: since }
}

function etagOf({ number }: Generation, { crc32, size }: DatabaseLayout): string {
  return `"${number}-${crc32.toString(16)}-${size}"`
}

function foundOf(
  { packs }: Parts,
  archRepo: ArchRepo,
  generation: Generation,
  layout: DatabaseLayout,
  kind: DatabaseKind,
): FoundDatabase {
  return {
    etag: etagOf(generation, layout),
    size: layout.size,
    lastModified: undefined,
    async open() {
      try {
        return await openDatabase(packs, archRepo.id, layout)
      } catch (fault) {
        if (!isErrnoException(fault) || fault.code !== 'ENOENT') throw fault
        // Its segments were moved meanwhile: they have kept their sizes and their order.
        return openDatabase(packs, archRepo.id, await generation.layout(kind))
      }
    },
  }
}
