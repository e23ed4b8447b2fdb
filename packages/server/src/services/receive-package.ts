import { randomBytes } from 'node:crypto'
import { extensionOf, FormatError, formatDesc, packageFilename } from '@vieter/alpm'
import { AppError } from '@vieter/api'
import type { ArchiveFacts } from '../archives/archive-facts.ts'
import type { Context } from '../context.ts'
import { isDebugPackage } from '../domain/debug-packages.ts'
import { extraOf } from '../domain/package-extra.ts'
import type { StoredPackage } from '../domain/stored-package.ts'
import { isErrnoException } from '../files.ts'
import { storageFault } from './storage-fault.ts'
import { type PackageBody, storeBody } from './store-body.ts'

const mebibyte = 1024 * 1024

/**
 * Reads a package from a stream, once: it is stored, hashed, unpacked and looked at while it arrives. When this
 * resolves the whole archive was read and found good, and its blob is durable; no row refers to it yet, so whoever
 * called either gets it committed or deletes it.
 * `signature` is the detached one that it came with, in base64.
 * Throws PACKAGE_INVALID, PACKAGE_TOO_LARGE, BODY_INVALID and STORAGE_FULL; then nothing is left of it.
 */
export async function receivePackage(
  { blobs, settings, archives, disk }: Pick<Context, 'blobs' | 'settings' | 'archives' | 'disk'>,
  body: PackageBody,
  signature = '',
): Promise<StoredPackage> {
  await disk.check(body.declaredSize ?? 0)
  const key = `${randomBytes(1).toString('hex')}/${randomBytes(16).toString('hex')}`
  const staged = await blobs.stage(key)
  const reading = archives.open({
    maxUnpackedSize: settings.max_unpacked_size * mebibyte,
    md5: settings.database_md5sum,
  })
  try {
    const parts = { staged, reading, disk, slots: archives.slots }
    await storeBody(parts, body, settings.max_package_size * mebibyte)
    const pkg = { ...describe(await reading.facts, key), signature }
    await staged.commit()
    return pkg
  } catch (fault) {
    reading.abort()
    await staged.discard()
    throw told(fault)
  }
}

function describe(
  { compression, pkginfo, files, size, sha256, md5 = '' }: ArchiveFacts,
  blobKey: string,
): Omit<StoredPackage, 'signature'> {
  const { name, base, version, arch, replaces } = pkginfo
  const filename = packageFilename(pkginfo, extensionOf(compression))
  const desc = formatDesc(pkginfo, { filename, compressedSize: size, sha256 })
  const isDebug = isDebugPackage(pkginfo)
  const extra = JSON.stringify(extraOf(pkginfo))
  const facts = { name, base, version, arch, filename, size, sha256, md5, blobKey }
  return { ...facts, desc, files, extra, replaces, isDebug }
}

function told(fault: unknown): unknown {
  if (fault instanceof AppError) return fault
  if (fault instanceof FormatError)
    return new AppError('PACKAGE_INVALID', { message: fault.message, cause: fault })
  if (isErrnoException(fault) && isHangUp(fault)) {
    return new AppError('BODY_INVALID', {
      message: 'The connection was cut before the whole package had arrived.',
    })
  }
  return storageFault(fault)
}

function isHangUp({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}
