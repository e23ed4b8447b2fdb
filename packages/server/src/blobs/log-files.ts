import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder, syncFolder } from '../files.ts'
import { type OpenBlob, openFile } from './open-file.ts'

/** The texts of logs, one append-only file each. */
export interface LogFiles {
  /** Appends bytes at the end and makes them durable; returns the size then. */
  append(id: number, bytes: Uint8Array): Promise<number>
  /** Bytes; 0 when nothing was written. */
  size(id: number): Promise<number>
  /** Undefined when nothing was written. */
  open(id: number): Promise<OpenBlob | undefined>
  delete(id: number): Promise<void>
}

export async function logFiles(folder: string): Promise<LogFiles> {
  await makeFolder(folder)
  const pathOf = (id: number) => join(folder, `${id}.log`)
  return {
    async append(id, bytes) {
      const file = await open(pathOf(id), 'a')
      try {
        const isNew = (await file.stat()).size === 0
        await file.appendFile(bytes)
        await file.datasync()
        if (isNew) await syncFolder(folder)
        return (await file.stat()).size
      } finally {
        await file.close()
      }
    },
    async size(id) {
      const file = await openFile(pathOf(id))
      await file?.close()
      return file?.size ?? 0
    },
    open: (id) => openFile(pathOf(id)),
    delete: (id) => rm(pathOf(id), { force: true }),
  }
}
