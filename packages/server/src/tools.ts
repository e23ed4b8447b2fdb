import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '@vieter/config'
import { moveFile } from './blobs/place-file.ts'
import { clock } from './clock.ts'
import { dataPaths } from './data-paths.ts'
import type { StoredBlob } from './domain/compare-blobs.ts'
import type { Finding, OnProgress } from './domain/finding.ts'
import { type LockedData, lockData, openData } from './open-data.ts'
import { backupData } from './services/backup-data.ts'
import { checkData } from './services/check-data.ts'
import { exportMirror } from './services/export-mirror.ts'
import { repairData } from './services/repair-data.ts'
import { restoreData } from './services/restore-data.ts'

/*
 * What can be done with a data folder from beside the server, as a process of its own.
 */

interface CheckOptions {
  /** Looks at existence and sizes alone. */
  fast: boolean
  /** Does what can be done about what is wrong. */
  repair: boolean
  onProgress: OnProgress
}

/** Something that is, or was, not as it should be. */
export interface ReportedFinding extends Pick<Finding, 'kind' | 'where' | 'what' | 'repairable'> {
  repaired: boolean
}

/**
 * Checks the data of a server, which may be running; a repair wants it stopped.
 * Throws DATA_NOT_FOUND, DATA_TOO_NEW and DATA_TOO_OLD; with `repair` also DATA_IN_USE.
 */
export async function checkDataFolder(
  settings: Settings,
  { repair, ...options }: CheckOptions,
): Promise<ReportedFinding[]> {
  if (repair) return repairDataFolder(settings, options)
  const data = await openData(settings)
  try {
    return (await checkData(data, options)).map((finding) => report(finding, false))
  } finally {
    await data.close()
  }
}

async function repairDataFolder(
  settings: Settings,
  options: Omit<CheckOptions, 'repair'>,
): Promise<ReportedFinding[]> {
  const data = await lockData(settings)
  try {
    const found = await checkData(data, options)
    if (found.length === 0) return []
    const parts = { ...data, setAside: (blob: StoredBlob) => setAside(data, blob) }
    await repairData(parts, found, options.onProgress)
    const left = await checkData(data, options)
    const fresh = left.filter((finding) => !found.some((known) => isSame(known, finding)))
    return [
      ...found.map((finding) => report(finding, !left.some((other) => isSame(other, finding)))),
      ...fresh.map((finding) => report(finding, false)),
    ]
  } finally {
    await data.close()
  }
}

function isSame(a: Finding, b: Finding): boolean {
  return a.kind === b.kind && a.where === b.where
}

function report({ kind, where, what, repairable }: Finding, repaired: boolean): ReportedFinding {
  return { kind, where, what, repairable, repaired }
}

async function setAside({ paths, blobs }: LockedData, { key, filename }: StoredBlob): Promise<void> {
  await mkdir(paths.damaged, { recursive: true, mode: 0o750 })
  await moveFile(blobs.pathOf(key), join(paths.damaged, `${filename}.${key.replace('/', '-')}`))
}

const secondsPerDay = 86_400

interface ExportOptions {
  folder: string
  /** Also private repositories: whoever sees the folder may read them. */
  withPrivate: boolean
  onProgress: OnProgress
}

/**
 * Exports what the server serves into a folder; the server may be running.
 * Throws DATA_NOT_FOUND, DATA_TOO_NEW, DATA_TOO_OLD, and what `exportMirror` throws.
 */
export async function exportDataFolder(
  settings: Settings,
  { folder, ...options }: ExportOptions,
): Promise<void> {
  const data = await openData(settings)
  try {
    const keepTime = settings.keep_days * secondsPerDay
    await exportMirror({ ...data, settings, keepTime, ...options }, folder)
  } finally {
    await data.close()
  }
}

interface BackupOptions {
  folder: string
  /** An earlier backup to link unchanged files from. */
  previous: string | undefined
  onProgress: OnProgress
}

/**
 * Backs the data up into a folder that is empty or not there; the server may be running.
 * Throws DATA_NOT_FOUND, DATA_TOO_NEW, DATA_TOO_OLD, and what `backupData` throws.
 */
export async function backupDataFolder(
  settings: Settings,
  { onProgress, ...options }: BackupOptions,
): Promise<void> {
  const data = await openData(settings)
  try {
    await backupData({ ...data, onProgress }, options)
  } finally {
    await data.close()
  }
}

/** Restores a backup into the data folder of the settings. Throws what `restoreData` throws. */
export async function restoreDataFolder(
  settings: Settings,
  { folder, onProgress }: { folder: string; onProgress: OnProgress },
): Promise<void> {
  await restoreData({ paths: dataPaths(settings), clock, onProgress }, folder)
}
