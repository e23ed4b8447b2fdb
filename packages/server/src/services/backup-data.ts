import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { AppError } from '@vieter/api'
import { copyDurably, linkFile, syncFile, writeDurably } from '../blobs/place-file.ts'
import type { StoredBlob } from '../domain/compare-blobs.ts'
import type { OnProgress } from '../domain/finding.ts'
import { isErrnoException, makeFolder, syncFolder } from '../files.ts'
import { copyStore } from '../store/copy-store.ts'
import { tryLock } from '../store/file-lock.ts'
import type { Store } from '../store/open-store.ts'
import { forgetPackage, forgetStagedPackage } from '../store/repairs.ts'
import type { Snapshots } from '../store/snapshots.ts'
import { findStoredBlobs } from '../store/stored-blobs.ts'
import { backupFormat, backupPaths } from './backup-layout.ts'
import { checkBackup } from './restore-data.ts'

interface Parts {
  snapshots: Snapshots
  blobs: { pathOf(key: string): string }
  paths: { store: string; logs: string; apiKey: string }
  /** UTC epoch seconds. */
  clock: () => number
  onProgress: OnProgress
}

interface BackupOptions {
  folder: string
  /** An earlier backup, whose files are linked where the server's own cannot be. */
  previous: string | undefined
}

/**
 * Copies all that a server keeps into a folder, as it is at one moment, while the server goes on. Packages are hard links
 * where that can be. Databases are left out: a restore has them made again. The folder appears under its name once all is
 * in it and durable. Throws FOLDER_REFUSED, FOLDER_IN_USE and DATA_DAMAGED.
 */
export async function backupData(parts: Parts, { folder, previous }: BackupOptions): Promise<void> {
  if (previous !== undefined) await checkBackup(previous)
  const path = resolve(folder)
  const [parent, name] = [dirname(path), basename(path)]
  await makeFolder(parent)
  const letGo = tryLock(join(parent, '.vieter-backup.lock'))
  if (!letGo) throw new AppError('FOLDER_IN_USE', { message: `Another backup into ${parent} is running.` })
  try {
    await refuseUsed(path)
    const partial = join(parent, `.${name}.partial`)
    await rm(partial, { recursive: true, force: true })
    await mkdir(partial, { mode: 0o750 })
    await fillBackup(parts, partial, previous)
    // Over an empty folder this works as well; one that something was put into meanwhile is refused (rename(2)).
    await rename(partial, path)
    await syncFolder(parent)
  } finally {
    letGo()
  }
}

async function refuseUsed(path: string): Promise<void> {
  const names = await readdir(path).catch((fault: unknown) => {
    if (isErrnoException(fault) && fault.code === 'ENOENT') return []
    if (isErrnoException(fault) && fault.code === 'ENOTDIR') return [basename(path)]
    throw fault
  })
  if (names.length === 0) return
  throw new AppError('FOLDER_REFUSED', {
    message: `${path} is there already, and it is not empty.`,
    hint: 'Name a new folder for each backup, for instance after the date.',
  })
}

async function fillBackup(parts: Parts, folder: string, previous: string | undefined): Promise<void> {
  const paths = backupPaths(folder)
  const createdAt = parts.clock()
  parts.onProgress('copying the store', 0, 1)
  const store = await copyStore(parts.paths.store, paths.store)
  try {
    await copyBlobs(parts, store, {
      folder: paths.packages,
      previous: previous && backupPaths(previous).packages,
    })
  } finally {
    await store.destroy()
  }
  await syncFile(paths.store)
  await copyLogs(parts.paths.logs, paths.logs)
  await copyDurably(parts.paths.apiKey, paths.apiKey).catch(ignoreMissing)
  const mark = { format: backupFormat, created_at: createdAt }
  await writeDurably(paths.mark, [Buffer.from(`${JSON.stringify(mark)}\n`)])
  await syncFolder(folder)
}

async function copyBlobs(
  parts: Parts,
  store: Store,
  { folder, previous }: { folder: string; previous: string | undefined },
): Promise<void> {
  await mkdir(folder)
  const rows = await findStoredBlobs(store)
  const folders = new Set(rows.map(({ key }) => join(folder, dirname(key))))
  for (const each of folders) await mkdir(each)
  for (const [index, row] of rows.entries()) {
    parts.onProgress('copying packages', index, rows.length)
    const from = parts.blobs.pathOf(row.key)
    const earlier = previous && join(previous, row.key)
    const isCopied = await copyBlob(from, join(folder, row.key), earlier)
    if (!isCopied) await forgetDeleted(parts, store, row)
  }
  for (const each of [...folders, folder]) await syncFolder(each)
}

/** False when there is no such blob any more. */
async function copyBlob(from: string, to: string, earlier: string | undefined): Promise<boolean> {
  try {
    if (await linkFile(from, to)) return true
    // A key is given once, so the earlier backup has the same bytes under it.
    if (earlier !== undefined && (await linkFile(earlier, to).catch(ignoreMissing))) return true
    await copyDurably(from, to)
    return true
  } catch (fault) {
    if (isErrnoException(fault) && fault.code === 'ENOENT') return false
    throw fault
  }
}

/** A file that was deleted after the snapshot: its package was gone by then, and goes from the backup too. */
async function forgetDeleted({ snapshots }: Parts, store: Store, row: StoredBlob): Promise<void> {
  const [still] = await snapshots((snapshot) => findStoredBlobs(snapshot, row.key))
  if (still) {
    throw new AppError('DATA_DAMAGED', {
      message: `The file of ${row.filename} in ${row.repository} is missing.`,
      hint: 'Run `vieter check`, and `vieter check --repair` once the server is stopped.',
    })
  }
  if (row.state === 'staged') await forgetStagedPackage(store, row.id)
  else await store.transaction().execute((trx) => forgetPackage(trx, row.id))
}

async function copyLogs(from: string, to: string): Promise<void> {
  await mkdir(to)
  for (const name of (await readdir(from).catch(ignoreMissing)) ?? []) {
    if (/^\d+\.log$/.test(name)) await copyDurably(join(from, name), join(to, name)).catch(ignoreMissing)
  }
  await syncFolder(to)
}

function ignoreMissing(fault: unknown): undefined {
  if (isErrnoException(fault) && fault.code === 'ENOENT') return undefined
  throw fault
}
