import { constants, copyFile, link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isErrnoException, syncFolder } from '../files.ts'

/** What link(2) says where two names of one file cannot be: another file system, one without links, too many names. */
const noLink = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** Gives a file that never changes a second name; false where that cannot be. Throws ENOENT. */
export async function linkFile(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (fault) {
    if (!isErrnoException(fault) || !noLink.has(fault.code ?? '')) throw fault
    return false
  }
}

/**
 * Copies a file to a name that is free, sharing blocks where the file system can, and makes its bytes durable; the name is
 * durable once its folder is synced. `modifiedAt` is in UTC epoch seconds.
 */
export async function copyDurably(from: string, to: string, modifiedAt?: number): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  const file = await open(to, 'r+')
  try {
    if (modifiedAt !== undefined) await file.utimes(modifiedAt, modifiedAt)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Writes a file that is not there yet, durably but for its name. `modifiedAt` is in UTC epoch seconds. */
export async function writeDurably(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  modifiedAt?: number,
): Promise<void> {
  const file = await open(path, 'wx')
  try {
    for await (const piece of pieces) await file.writeFile(piece)
    if (modifiedAt !== undefined) await file.utimes(modifiedAt, modifiedAt)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the bytes of a file durable that others have written. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Moves a file durably, also to another file system. */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (fault) {
    if (!isErrnoException(fault) || fault.code !== 'EXDEV') throw fault
    await copyDurably(from, to)
    await syncFolder(dirname(to))
    await rm(from)
  }
  await syncFolder(dirname(to))
  await syncFolder(dirname(from))
}

/** Whether a file holds exactly these bytes; false when there is none. */
export async function holdsBytes(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<boolean> {
  const file = await open(path, 'r').catch((fault: unknown) => {
    if (isErrnoException(fault) && fault.code === 'ENOENT') return undefined
    throw fault
  })
  if (!file) return false
  try {
    let position = 0
    for await (const piece of pieces) {
      const found = Buffer.alloc(piece.length)
      const { bytesRead } = await file.read(found, 0, found.length, position)
      if (bytesRead < piece.length || !found.equals(piece)) return false
      position += piece.length
    }
    return (await file.stat()).size === position
  } finally {
    await file.close()
  }
}
