import { open } from 'node:fs/promises'
import { isErrnoException } from '../files.ts'
import type { OpenBlob } from './blob-store.ts'

export type { OpenBlob }

/** Opens a file for reading at positions; undefined when there is none. */
export async function openFile(path: string): Promise<OpenBlob | undefined> {
  try {
    const file = await open(path, 'r')
    const { size } = await file.stat()
    return {
      size,
      read: async (target, position) => (await file.read(target, 0, target.length, position)).bytesRead,
      close: () => file.close(),
    }
  } catch (fault) {
    if (isErrnoException(fault) && fault.code === 'ENOENT') return undefined
    throw fault
  }
}
