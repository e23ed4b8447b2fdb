import { type FileHandle, open } from 'node:fs/promises'

/** A file that stays open until it is released. */
export interface PinnedFile {
  read(target: Uint8Array, position: number): Promise<number>
  release(): void
}

/** Files that are open for reading, each once, however many read it. */
interface OpenHandles {
  pin(path: string): Promise<PinnedFile>
  /** The file was removed: it is closed once nobody reads it any more. */
  forget(path: string): Promise<void>
  close(): Promise<void>
}

interface Shared {
  file: Promise<FileHandle>
  readers: number
  forgotten: boolean
}

/** How many files stay open that nobody reads now. */
const maxIdle = 64

export function openHandles(): OpenHandles {
  const handles = new Map<string, Shared>()

  async function closeShared(path: string, shared: Shared): Promise<void> {
    if (handles.get(path) === shared) handles.delete(path)
    await shared.file.then((file) => file.close()).catch(() => {})
  }

  function closeIdle(): void {
    for (const [path, shared] of handles) {
      if (handles.size <= maxIdle) return
      if (shared.readers === 0) void closeShared(path, shared)
    }
  }

  function release(path: string, shared: Shared): void {
    shared.readers -= 1
    if (shared.readers > 0) return
    if (shared.forgotten) void closeShared(path, shared)
    else closeIdle()
  }

  return {
    async pin(path) {
      const shared = handles.get(path) ?? { file: open(path, 'r'), readers: 0, forgotten: false }
      // The one that was used last is the last to be closed.
      handles.delete(path)
      handles.set(path, shared)
      shared.readers += 1
      const file = await shared.file.catch((fault: unknown) => {
        handles.delete(path)
        throw fault
      })
      let held = true
      return {
        read: async (target, position) => (await file.read(target, 0, target.length, position)).bytesRead,
        release() {
          if (!held) return
          held = false
          release(path, shared)
        },
      }
    },
    async forget(path) {
      const shared = handles.get(path)
      if (!shared) return
      handles.delete(path)
      shared.forgotten = true
      if (shared.readers === 0) await closeShared(path, shared)
    },
    async close() {
      for (const [path, shared] of handles) await closeShared(path, shared)
    },
  }
}
