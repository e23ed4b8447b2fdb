import { constants, copyFile, link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isErrnoException, syncFolder } from '../files.ts'

/** What link(2) says where two names of one file cannot be: another file system, one without links, too many names. */
const noLink = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/**
 * Gives a file that never changes a second name, or, where that cannot be, a copy under it, which shares its blocks where
 * the file system knows how. Bytes are durable then; the name is once its folder is synced. Throws ENOENT.
 */
export async function placeFile(from: string, to: string): Promise<'linked' | 'copied'> {
  try {
    await link(from, to)
    return 'linked'
  } catch (fault) {
    if (!isErrnoException(fault) || !noLink.has(fault.code ?? '')) throw fault
    await copyDurably(from, to)
    return 'copied'
  }
}

/** Copies a file to a name that is free, and makes its bytes durable. */
export async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  const file = await open(to, 'r+')
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
