import { join } from 'node:path'
import { AppError } from '@vieter/api'
import { tryLock } from './file-lock.ts'

/**
 * Takes a data folder for this process: one server may change it at a time, others may read. Returns what gives it
 * back. Throws DATA_IN_USE.
 */
export function lockDataFolder(folder: string): () => void {
  const letGo = tryLock(join(folder, 'server.lock'))
  if (letGo) return letGo
  throw new AppError('DATA_IN_USE', { message: `Another server uses ${folder}.` })
}

/** Whether a server, or a tool that changes things, uses a data folder now. */
export function isDataFolderInUse(folder: string): boolean {
  const letGo = tryLock(join(folder, 'server.lock'))
  letGo?.()
  return letGo === undefined
}
