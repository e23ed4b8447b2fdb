import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Makes the names in a folder durable: a file that was made or renamed in it survives a power loss only after this (fsync(2)). */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Makes a folder where there is none, and those above it, and makes the names of all that it made durable. */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode })
  if (first === undefined) return
  for (let made = resolve(path); ; made = dirname(made)) {
    await syncFolder(dirname(made))
    if (made === resolve(first)) return
  }
}

/** Whether a fault is one of the system's, with a code such as ENOENT. */
export function isErrnoException(fault: unknown): fault is NodeJS.ErrnoException {
  return fault instanceof Error && typeof (fault as NodeJS.ErrnoException).code === 'string'
}

/** Writes all bytes at a position, however many writes it takes. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}
