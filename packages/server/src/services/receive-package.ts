import { createHash, randomBytes } from 'node:crypto'
import { extensionOf, FormatError, formatDesc, formatFiles, packageFilename, readPackage } from '@vieter/alpm'
import { AppError } from '@vieter/api'
import { decompress } from '../archives/decompress.ts'
import type { StagedBlob } from '../blobs/blob-store.ts'
import type { Context } from '../context.ts'
import type { StoredPackage } from '../domain/stored-package.ts'
import { isErrnoException } from '../files.ts'

const mebibyte = 1024 * 1024

/**
 * Reads a package from a stream, once: it is stored, hashed, unpacked and looked at while it arrives. When this
 * resolves the whole archive was read and found good, and its blob is durable; no row refers to it yet, so whoever
 * called either gets it committed or deletes it.
 * Throws PACKAGE_INVALID, PACKAGE_TOO_LARGE, BODY_INVALID and STORAGE_FULL; then nothing is left of it.
 */
export async function receivePackage(
  { blobs, settings }: Pick<Context, 'blobs' | 'settings'>,
  body: AsyncIterable<Uint8Array>,
): Promise<StoredPackage> {
  const key = `${randomBytes(1).toString('hex')}/${randomBytes(16).toString('hex')}`
  const staged = await blobs.stage(key)
  const archive = storeWhileReading(body, staged, settings.max_package_size * mebibyte)
  try {
    const { compression, tar } = await decompress(archive.chunks)
    const contents = await readPackage(limitUnpacked(tar, settings.max_unpacked_size * mebibyte))
    const { pkginfo } = contents
    const filename = packageFilename(pkginfo, extensionOf(compression))
    const { size, sha256 } = archive.end()
    await staged.commit()
    const desc = formatDesc(pkginfo, { filename, compressedSize: size, sha256 })
    const { name, version, arch } = pkginfo
    return {
      name,
      version,
      arch,
      filename,
      size,
      sha256,
      md5: '',
      signature: '',
      blobKey: key,
      desc,
      files: formatFiles(contents.files),
    }
  } catch (fault) {
    // Lets go of the body; not awaited, since a decoder may be waiting for bytes that never come.
    archive.chunks.return(undefined).catch(() => {})
    await staged.discard()
    throw told(fault)
  }
}

interface StoredArchive {
  chunks: AsyncGenerator<Uint8Array>
  /** The facts of the whole archive, once its chunks were read to the end. */
  end(): { size: number; sha256: string }
}

function storeWhileReading(
  body: AsyncIterable<Uint8Array>,
  staged: StagedBlob,
  maxSize: number,
): StoredArchive {
  const hash = createHash('sha256')
  let size = 0
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      size += chunk.length
      if (size > maxSize) {
        throw new AppError('PACKAGE_TOO_LARGE', {
          message: `The package is larger than the ${maxSize / mebibyte} MiB that this server takes.`,
        })
      }
      hash.update(chunk)
      await staged.write(chunk)
      yield chunk
    }
  }
  return { chunks: chunks(), end: () => ({ size, sha256: hash.digest('hex') }) }
}

async function* limitUnpacked(tar: AsyncIterable<Uint8Array>, maxSize: number): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of tar) {
    size += chunk.length
    if (size > maxSize) {
      throw new AppError('PACKAGE_TOO_LARGE', {
        message: `Unpacked, the package is larger than the ${maxSize / mebibyte} MiB that this server takes.`,
        hint: 'Raise `max_unpacked_size` on the server.',
      })
    }
    yield chunk
  }
}

function told(fault: unknown): unknown {
  if (fault instanceof AppError) return fault
  if (fault instanceof FormatError)
    return new AppError('PACKAGE_INVALID', { message: fault.message, cause: fault })
  if (!isErrnoException(fault)) return fault
  if (fault.code === 'ENOSPC' || fault.code === 'EDQUOT')
    return new AppError('STORAGE_FULL', { cause: fault })
  if (fault.code === 'ECONNRESET' || fault.code === 'ERR_STREAM_PREMATURE_CLOSE') {
    return new AppError('BODY_INVALID', {
      message: 'The connection was cut before the whole package had arrived.',
    })
  }
  return fault
}
