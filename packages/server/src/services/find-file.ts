import { FormatError, isPackageFilename, parseEntryName } from '@vieter/alpm'
import { AppError } from '@vieter/api'
import type { OpenBlob } from '../blobs/blob-store.ts'
import type { Context } from '../context.ts'
import type { DatabaseKind } from '../databases/generation-files.ts'
import { type ArchRepoRow, findArchRepo, findEntryDesc, findServedPackage } from '../store/repositories.ts'

interface FileRequest {
  repository: string
  arch: string
  filename: string
  /** The client's If-Modified-Since, in UTC epoch seconds. */
  since?: number | undefined
}

/** A file that an arch-repo serves. Without a `lastModified` no date may be told. */
export type ServedFile =
  | { kind: 'database'; blob: OpenBlob; etag: string; lastModified: number | undefined }
  | { kind: 'package'; blob: OpenBlob; blobKey: string; etag: string; lastModified: number }
  | { kind: 'desc'; text: string }

type Parts = Pick<Context, 'store' | 'blobs' | 'generations'>

/** Finds a file by its name and opens it; whoever called closes its blob. Throws FILE_NOT_FOUND. */
export async function findFile(parts: Parts, request: FileRequest): Promise<ServedFile> {
  const file = await find(parts, request)
  if (!file) throw new AppError('FILE_NOT_FOUND')
  return file
}

async function find(parts: Parts, request: FileRequest): Promise<ServedFile | undefined> {
  const kind = databaseKind(request)
  if (kind) return findDatabase(parts, request, kind)
  if (isPackageFilename(request.filename)) return findPackage(parts, request)
  return findDesc(parts, request)
}

function databaseKind({ repository, filename }: FileRequest): DatabaseKind | undefined {
  if (filename === `${repository}.db` || filename === `${repository}.db.tar.gz`) return 'db'
  if (filename === `${repository}.files` || filename === `${repository}.files.tar.gz`) return 'files'
  return undefined
}

/** A generation may be dropped between the look and the opening: then a newer one is current, and is found by looking again. */
async function findDatabase(
  parts: Parts,
  request: FileRequest,
  kind: DatabaseKind,
): Promise<ServedFile | undefined> {
  let seen: ArchRepoRow | undefined
  for (;;) {
    const row = await findArchRepo(parts.store, request.repository, request.arch)
    if (!row) return undefined
    if (row.generation === seen?.generation)
      throw new Error(`generation ${row.generation} of arch-repo ${row.id} has no files`)
    seen = row
    const blob = await parts.generations.open(row.id, row.generation, kind)
    if (blob)
      return {
        kind: 'database',
        blob,
        etag: `"${row.id}-${row.generation}-${kind}"`,
        lastModified: dateFor(request, row),
      }
  }
}

/** A client with a later date doesn't have it from here, and pacman throws a 200 away whose date is not later than its own (measured). */
function dateFor({ since }: FileRequest, row: ArchRepoRow): number | undefined {
  return since !== undefined && since > row.last_modified ? undefined : row.last_modified
}

async function findPackage(parts: Parts, request: FileRequest): Promise<ServedFile | undefined> {
  const pkg = await findServedPackage(parts.store, request.repository, request.arch, request.filename)
  const blob = pkg && (await parts.blobs.open(pkg.blobKey))
  if (!blob) return undefined
  return {
    kind: 'package',
    blob,
    blobKey: pkg.blobKey,
    etag: `"${pkg.sha256}"`,
    lastModified: pkg.publishedAt,
  }
}

async function findDesc(parts: Parts, request: FileRequest): Promise<ServedFile | undefined> {
  const entry = tryParseEntryName(request.filename)
  const archRepo = entry && (await findArchRepo(parts.store, request.repository, request.arch))
  if (!archRepo) return undefined
  const text = await findEntryDesc(parts.store, archRepo.id, entry.name, entry.version)
  return text === undefined ? undefined : { kind: 'desc', text }
}

function tryParseEntryName(text: string): { name: string; version: string } | undefined {
  try {
    return parseEntryName(text)
  } catch (fault) {
    if (fault instanceof FormatError) return undefined
    throw fault
  }
}
