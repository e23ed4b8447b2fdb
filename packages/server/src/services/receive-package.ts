import { randomBytes } from 'node:crypto'
import { extensionOf, FormatError, formatDesc, packageFilename, quote } from '@vieter/alpm'
import type { Settings } from '@vieter/config'
import type { ArchiveFacts, ArchiveLimits } from '../archives/archive-facts.ts'
import type { Context } from '../context.ts'
import { isDebugPackage } from '../domain/debug-packages.ts'
import { extraOf } from '../domain/package-extra.ts'
import type { StoredPackage } from '../domain/stored-package.ts'
import { packageFault } from './package-fault.ts'
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
  const reading = archives.open({ ...limitsOf(settings), md5: settings.database_md5sum })
  try {
    const parts = { staged, reading, disk, slots: archives.slots }
    await storeBody(parts, body, settings.max_package_size * mebibyte)
    const pkg = { ...describe(await reading.facts, key), signature }
    checkFilename(pkg.filename, body.filename)
    await staged.commit()
    return pkg
  } catch (fault) {
    reading.abort()
    await staged.discard()
    throw packageFault(fault)
  }
}

function limitsOf(settings: Settings): ArchiveLimits {
  return {
    maxUnpackedSize: settings.max_unpacked_size * mebibyte,
    maxRatio: settings.max_unpack_ratio,
    maxFiles: settings.max_package_files,
    maxWindowSize: Math.min(settings.max_window_size, settings.decoder_memory) * mebibyte,
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

/** A file that is called otherwise than its contents say is likely another one than its sender means. */
function checkFilename(filename: string, said: string | undefined): void {
  if (said === undefined || said === filename) return
  throw new FormatError(
    'invalid',
    `The file is called ${quote(said)}, but what is in it makes it ${quote(filename)}.`,
    'filename',
  )
}
