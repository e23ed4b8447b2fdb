import { FormatError, isPackageFilename, parseEntryName } from '@vieter/alpm'
import { AppError } from '@vieter/api'
import type { OpenBlob } from '../blobs/blob-store.ts'
import type { Context } from '../context.ts'
import { databaseKindOf } from '../databases/database-filename.ts'
import { formatDescText } from '../domain/desc-fields.ts'
import { findEntryDesc, findServedPackage } from '../store/repositories.ts'
import { type FoundDatabase, findDatabase } from './find-database.ts'

interface FileRequest {
  repository: string
  arch: string
  filename: string
  /** The request's If-Modified-Since, in UTC epoch seconds. */
  since?: number | undefined
}

/** A file that an arch-repo serves. Without a `lastModified` no date may be told. */
export type ServedFile =
  | ({ kind: 'database' } & FoundDatabase)
  | {
      kind: 'package'
      blobKey: string
      etag: string
      size: number
      lastModified: number
      open(): Promise<OpenBlob>
    }
  | { kind: 'signature'; bytes: Uint8Array }
  | { kind: 'desc'; text: string }

type Parts = Pick<Context, 'store' | 'reader' | 'blobs' | 'packs' | 'archRepos' | 'clock' | 'format'>

/** Finds a file by its name and opens it; whoever called closes its blob. Throws FILE_NOT_FOUND. */
export async function findFile(parts: Parts, request: FileRequest): Promise<ServedFile> {
  const file = await find(parts, request)
  if (!file) throw new AppError('FILE_NOT_FOUND')
  return file
}

async function find(parts: Parts, request: FileRequest): Promise<ServedFile | undefined> {
  const kind = databaseKindOf(request.repository, request.filename)
  if (kind) {
    const { repository, arch, since } = request
    const database = await findDatabase(parts, { repository, arch, kind, since })
    return database && { kind: 'database', ...database }
  }
  if (request.filename.endsWith('.sig')) return findSignature(parts, request)
  if (isPackageFilename(request.filename)) return findPackage(parts, request)
  return findDesc(parts, request)
}

async function findPackage(parts: Parts, request: FileRequest): Promise<ServedFile | undefined> {
  const { reader, blobs } = parts
  const pkg = await findServedPackage(reader, request.repository, request.arch, request.filename)
  if (!pkg) return undefined
  const { blobKey, size } = pkg
  return {
    kind: 'package',
    blobKey,
    etag: `"${pkg.sha256}"`,
    size,
    lastModified: pkg.publishedAt,
    async open() {
      const blob = await blobs.open(blobKey)
      if (blob) return blob
      throw new AppError('FILE_NOT_FOUND', { message: `The file of ${request.filename} is missing.` })
    },
  }
}

async function findSignature({ reader }: Parts, request: FileRequest): Promise<ServedFile | undefined> {
  const filename = request.filename.slice(0, -'.sig'.length)
  const pkg = await findServedPackage(reader, request.repository, request.arch, filename)
  if (!pkg || pkg.signature === '') return undefined
  return { kind: 'signature', bytes: Buffer.from(pkg.signature, 'base64') }
}

async function findDesc(
  { reader, archRepos, format }: Parts,
  request: FileRequest,
): Promise<ServedFile | undefined> {
  const entry = tryParseEntryName(request.filename)
  const archRepo = entry && archRepos.find(request.repository, request.arch)
  const found = archRepo && (await findEntryDesc(reader, archRepo.id, entry.name, entry.version))
  return found && { kind: 'desc', text: formatDescText(found, format) }
}

function tryParseEntryName(text: string): { name: string; version: string } | undefined {
  try {
    return parseEntryName(text)
  } catch (fault) {
    if (fault instanceof FormatError) return undefined
    throw fault
  }
}
