import { type FileHandle, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrnoException, syncFolder, writeAll } from '../files.ts'
import { openHandles, type PinnedFile } from './open-handles.ts'

/** Where a segment stands. */
interface PackPlace {
  pack: number
  position: number
}

/** The packs of all arch-repos: files that segments are appended to, never changed, and dropped when none is used. */
export interface PackFiles {
  /** Appends pieces one behind the other to a pack of the arch-repo. When it resolves they are durable. One call at a time for each arch-repo. */
  append(archRepoId: number, pieces: readonly Uint8Array[]): Promise<PackPlace[]>
  /** Opens a pack for reading; it stays readable until it is released, even when it is dropped. Throws ENOENT. */
  pin(archRepoId: number, pack: number): Promise<PinnedFile>
  /** The size in bytes of each pack there is, but for the one that is appended to. */
  finished(archRepoId: number): Promise<ReadonlyMap<number, number>>
  /** Ends the pack that is appended to: the next append begins a new one. */
  finish(archRepoId: number): Promise<void>
  drop(archRepoId: number, pack: number): Promise<void>
  dropAll(archRepoId: number): Promise<void>
  /** The numbers of the arch-repos that have a folder here. */
  archRepos(): Promise<number[]>
  close(): Promise<void>
}

interface ActivePack {
  number: number
  file: FileHandle
  /** Where the next piece goes. */
  end: number
}

/** A pack that has grown beyond this many bytes is finished. */
const packSize = 16 * 1024 * 1024

export function packFiles(root: string): PackFiles {
  const active = new Map<number, ActivePack>()
  const finishedPacks = new Map<number, Map<number, number>>()
  const ended = new Set<number>()
  const handles = openHandles()
  const folderOf = (archRepoId: number) => join(root, String(archRepoId))
  const pathOf = (archRepoId: number, pack: number) => join(folderOf(archRepoId), `${pack}.pack`)

  async function numbersIn(archRepoId: number): Promise<number[]> {
    const names = await readdir(folderOf(archRepoId)).catch(noneIfMissing)
    return names.flatMap((name) => /^(\d+)\.pack$/.exec(name)?.[1] ?? []).map(Number)
  }

  /** Goes on with the newest pack, where there is room in it; whatever a dead server left at its end is passed over. */
  async function openActive(archRepoId: number): Promise<ActivePack> {
    const known = active.get(archRepoId)
    if (known && known.end < packSize) return known
    if (known) await finish(archRepoId)
    const newest = Math.max(0, ...(await numbersIn(archRepoId)))
    const size = newest === 0 ? packSize : ((await sizeIfThere(pathOf(archRepoId, newest))) ?? packSize)
    const goesOn = size < packSize && !ended.has(archRepoId)
    const pack = goesOn
      ? { number: newest, file: await openDurable(archRepoId, newest, 'r+'), end: size }
      : { number: newest + 1, file: await openDurable(archRepoId, newest + 1, 'wx'), end: 0 }
    ended.delete(archRepoId)
    finishedPacks.get(archRepoId)?.delete(pack.number)
    active.set(archRepoId, pack)
    return pack
  }

  /** Also of a pack that is there already the name may not be on disk: who made it may have died. */
  async function openDurable(archRepoId: number, number: number, flags: string): Promise<FileHandle> {
    await mkdir(folderOf(archRepoId), { recursive: true })
    const file = await open(pathOf(archRepoId, number), flags)
    try {
      await syncFolder(folderOf(archRepoId))
      await syncFolder(root)
      return file
    } catch (fault) {
      await file.close()
      throw fault
    }
  }

  async function finish(archRepoId: number): Promise<void> {
    const pack = active.get(archRepoId)
    active.delete(archRepoId)
    ended.add(archRepoId)
    if (!pack) return
    await pack.file.close()
    finishedPacks.get(archRepoId)?.set(pack.number, pack.end)
  }

  /** Looked up once, then kept: it is asked for time and again. */
  async function listFinished(archRepoId: number): Promise<Map<number, number>> {
    const known = finishedPacks.get(archRepoId)
    if (known) return known
    const sizes = new Map<number, number>()
    for (const number of await numbersIn(archRepoId)) {
      const size = await sizeIfThere(pathOf(archRepoId, number))
      if (size !== undefined && number !== active.get(archRepoId)?.number) sizes.set(number, size)
    }
    finishedPacks.set(archRepoId, sizes)
    return sizes
  }

  /** After a fault it is not known what of a file is on disk (fsync(2)): nothing is appended to it any more. */
  async function abandon(archRepoId: number, pack: ActivePack): Promise<void> {
    active.set(archRepoId, { ...pack, end: packSize })
    await pack.file.truncate(pack.end).catch(() => {})
    if (pack.end === 0) await rm(pathOf(archRepoId, pack.number), { force: true }).catch(() => {})
  }

  return {
    async append(archRepoId, pieces) {
      const pack = await openActive(archRepoId)
      let position = pack.end
      const places = pieces.map(({ length }) => {
        position += length
        return { pack: pack.number, position: position - length }
      })
      try {
        await writePieces(pack.file, pieces, places)
        await pack.file.datasync()
      } catch (fault) {
        await abandon(archRepoId, pack)
        throw fault
      }
      pack.end = position
      return places
    },
    pin: (archRepoId, pack) => handles.pin(pathOf(archRepoId, pack)),
    finished: listFinished,
    finish,
    async drop(archRepoId, pack) {
      finishedPacks.get(archRepoId)?.delete(pack)
      await rm(pathOf(archRepoId, pack), { force: true })
      await handles.forget(pathOf(archRepoId, pack))
    },
    async dropAll(archRepoId) {
      await finish(archRepoId)
      finishedPacks.delete(archRepoId)
      for (const number of await numbersIn(archRepoId)) await handles.forget(pathOf(archRepoId, number))
      await rm(folderOf(archRepoId), { recursive: true, force: true })
    },
    async archRepos() {
      const names = await readdir(root).catch(noneIfMissing)
      return names.filter((name) => /^\d+$/.test(name)).map(Number)
    },
    async close() {
      for (const archRepoId of active.keys()) await finish(archRepoId)
      await handles.close()
    },
  }
}

async function writePieces(
  file: FileHandle,
  pieces: readonly Uint8Array[],
  places: readonly PackPlace[],
): Promise<void> {
  for (const [index, piece] of pieces.entries()) await writeAll(file, piece, places[index]?.position ?? 0)
}

async function sizeIfThere(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch (fault) {
    if (isErrnoException(fault) && fault.code === 'ENOENT') return undefined
    throw fault
  }
}

function noneIfMissing(fault: unknown): string[] {
  if (isErrnoException(fault) && fault.code === 'ENOENT') return []
  throw fault
}
