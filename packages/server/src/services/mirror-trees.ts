import { lstat, mkdir, readdir, readlink, rename, rm, rmdir, stat, symlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { AppError } from '@vieter/api'
import { isErrnoException, makeFolder, syncFolder } from '../files.ts'
import { tryLock } from '../store/file-lock.ts'

/** The tree that a folder shows, and the one that it will show. */
export interface MirrorTrees {
  /** Undefined before the first export. */
  current: string | undefined
  /** Empty, and nobody looks into it. */
  next: string
  /** Shows the next tree in one step; it has to be complete and durable. The tree before it stays for those who read it. */
  show(): Promise<void>
  /** Lets another export begin. */
  close(): void
}

/** The file that every export has. */
export const exportMark = 'lastsync'

/**
 * Prepares an export into a folder: a symbolic link to a tree `.NAME.NUMBER` beside it. Trees that exports left which
 * died are removed. Throws FOLDER_REFUSED when the folder is something else, and FOLDER_IN_USE.
 */
export async function openMirrorTrees(folder: string): Promise<MirrorTrees> {
  const path = resolve(folder)
  const [parent, name] = [dirname(path), basename(path)]
  await makeFolder(parent)
  const letGo = tryLock(join(parent, `.${name}.lock`))
  if (!letGo) {
    throw new AppError('FOLDER_IN_USE', { message: `Another export into ${path} is running.` })
  }
  try {
    const current = await findCurrent(path)
    const treeOf = (number: number) => join(parent, `.${name}.${number}`)
    for (const number of await treesOf(parent, name)) if (number > current) await remove(treeOf(number))
    const next = treeOf(current + 1)
    await mkdir(next)
    return {
      current: current === 0 ? undefined : treeOf(current),
      next,
      async show() {
        const link = join(parent, `.${name}.link`)
        await rm(link, { force: true })
        await symlink(basename(next), link)
        if (current === 0) await rmdir(path).catch(ignoreMissing)
        await rename(link, path)
        await syncFolder(parent)
        for (const number of await treesOf(parent, name)) if (number < current) await remove(treeOf(number))
      },
      close: letGo,
    }
  } catch (fault) {
    letGo()
    throw fault
  }
}

/** The number of the tree that the folder shows; 0 when it is empty or not there. */
async function findCurrent(path: string): Promise<number> {
  const stats = await lstat(path).catch(ignoreMissing)
  if (!stats) return 0
  if (stats.isDirectory() && (await readdir(path)).length === 0) return 0
  const target = stats.isSymbolicLink() ? await readlink(path) : ''
  const number = Number(numberOf(target, basename(path)) ?? 0)
  if (number > 0 && (await stat(join(path, exportMark)).catch(ignoreMissing))) return number
  throw new AppError('FOLDER_REFUSED', {
    message: `${path} is there already, and it is no earlier export.`,
    hint: 'Name a folder that is not there or is empty, or one that was exported into before.',
  })
}

async function treesOf(parent: string, name: string): Promise<number[]> {
  return (await readdir(parent)).flatMap((entry) => numberOf(entry, name) ?? []).map(Number)
}

function numberOf(entry: string, name: string): string | undefined {
  const prefix = `.${name}.`
  const number = entry.startsWith(prefix) ? entry.slice(prefix.length) : ''
  return /^[1-9]\d*$/.test(number) ? number : undefined
}

function remove(tree: string): Promise<void> {
  return rm(tree, { recursive: true, force: true })
}

function ignoreMissing(fault: unknown): undefined {
  if (isErrnoException(fault) && fault.code === 'ENOENT') return undefined
  throw fault
}
