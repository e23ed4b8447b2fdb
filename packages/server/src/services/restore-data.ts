import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '@vieter/api'
import { openFile } from '../blobs/open-file.ts'
import { copyDurably, syncFile } from '../blobs/place-file.ts'
import type { OnProgress } from '../domain/finding.ts'
import { isErrnoException, makeFolder, syncFolder } from '../files.ts'
import { passGenerations } from '../store/copy-store.ts'
import { lockDataFolder } from '../store/data-lock.ts'
import { findStoreFaults } from '../store/integrity.ts'
import { openStore, type Store } from '../store/open-store.ts'
import { findStoredBlobs } from '../store/stored-blobs.ts'
import { backupFormat, backupPaths } from './backup-layout.ts'
import { hashBlob } from './hash-blob.ts'

interface Parts {
  paths: { folder: string; store: string; packages: string; logs: string; apiKey: string }
  /** UTC epoch seconds. */
  clock: () => number
  onProgress: OnProgress
}

/**
 * Copies a backup into the data folder, which is empty or not there, and checks every package on the way. The next start
 * of the server makes the databases, as new generations. When it throws, nothing is left of it: FOLDER_REFUSED,
 * DATA_IN_USE, DATA_DAMAGED, DATA_TOO_NEW.
 */
export async function restoreData(parts: Parts, folder: string): Promise<void> {
  const { paths } = parts
  await checkBackup(folder)
  await refuseUsed(paths.folder)
  await refuseUsed(paths.packages)
  await makeFolder(paths.folder, 0o750)
  await makeFolder(paths.packages)
  const letGo = lockDataFolder(paths.folder)
  try {
    await fillData(parts, backupPaths(folder))
  } catch (fault) {
    await empty(paths.packages)
    await empty(paths.folder)
    throw fault
  } finally {
    letGo()
  }
}

/** Throws FOLDER_REFUSED when a folder holds no backup, or one of a newer Vieter. */
export async function checkBackup(folder: string): Promise<void> {
  const text = await readFile(backupPaths(folder).mark, 'utf8').catch(ignoreMissing)
  if (text === undefined)
    throw new AppError('FOLDER_REFUSED', { message: `${folder} holds no backup, or none that is complete.` })
  if ((JSON.parse(text) as { format?: unknown }).format === backupFormat) return
  throw new AppError('FOLDER_REFUSED', { message: `The backup in ${folder} was made by a newer Vieter.` })
}

async function refuseUsed(folder: string): Promise<void> {
  const names = (await readdir(folder).catch(ignoreMissing)) ?? []
  if (names.length === 0) return
  throw new AppError('FOLDER_REFUSED', {
    message: `${folder} is not empty.`,
    hint: 'Restore into a new folder: set `data_dir`, and `pkg_dir` if you use it, to one that is empty or not there.',
  })
}

async function empty(folder: string): Promise<void> {
  for (const name of (await readdir(folder).catch(ignoreMissing)) ?? [])
    await rm(join(folder, name), { recursive: true, force: true })
}

async function fillData(parts: Parts, backup: ReturnType<typeof backupPaths>): Promise<void> {
  const { paths } = parts
  const partial = `${paths.store}.partial`
  parts.onProgress('copying the store', 0, 1)
  await copyDurably(backup.store, partial)
  const store = await openStore(partial)
  try {
    const [fault] = await findStoreFaults(store)
    if (fault !== undefined) throw damaged(`The store in the backup is damaged: ${fault}.`)
    await copyBlobs(parts, store, backup.packages)
    await passGenerations(store, parts.clock())
  } finally {
    await store.destroy()
  }
  await copyLogs(backup.logs, paths.logs)
  await copyDurably(backup.apiKey, paths.apiKey).catch(ignoreMissing)
  await syncFile(partial)
  // Last of all: without its store the folder is no data of anybody.
  await rename(partial, paths.store)
  await syncFolder(paths.folder)
}

async function copyBlobs({ paths, onProgress }: Parts, store: Store, from: string): Promise<void> {
  const rows = await findStoredBlobs(store)
  const folders = new Set(rows.map(({ key }) => join(paths.packages, dirname(key))))
  for (const each of folders) await mkdir(each)
  const total = rows.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  for (const { key, size, sha256, filename, repository } of rows) {
    onProgress('copying packages', done, total)
    const copy = join(paths.packages, key)
    await copyDurably(join(from, key), copy).catch((cause: unknown) => {
      if (!isErrnoException(cause) || cause.code !== 'ENOENT') throw cause
      throw damaged(`The backup lacks the file of ${filename} in ${repository}.`)
    })
    if ((await hashBlob(() => openFile(copy))) !== sha256)
      throw damaged(`The file of ${filename} in ${repository} is damaged in the backup.`)
    done += size
  }
  for (const each of [...folders, paths.packages]) await syncFolder(each)
}

async function copyLogs(from: string, to: string): Promise<void> {
  await mkdir(to)
  for (const name of (await readdir(from).catch(ignoreMissing)) ?? [])
    await copyDurably(join(from, name), join(to, name))
  await syncFolder(to)
}

function damaged(message: string): AppError {
  return new AppError('DATA_DAMAGED', { message, hint: 'Restore another backup.' })
}

function ignoreMissing(fault: unknown): undefined {
  if (isErrnoException(fault) && fault.code === 'ENOENT') return undefined
  throw fault
}
