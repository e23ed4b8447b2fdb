import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, statfs, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Scratch } from './scratch.ts'

/** A disk of a few mebibytes, mounted where only those see it who are started for it. */
export interface SmallDisk {
  /** The mount point, as programs that are started by the wrapper know it. */
  readonly path: string
  /** Runs a program where the disk is mounted. */
  readonly wrapper: readonly string[]
  /** The same folder, for everybody else. */
  readonly outside: string
  /** Bytes that nobody uses yet. */
  free(): Promise<number>
  /** Takes so many bytes away, like another program would; 0 gives them back. */
  occupy(bytes: number): Promise<void>
  /** Unmounts it, once nobody uses it any more. */
  remove(): Promise<void>
}

/**
 * Mounts a tmpfs in a mount namespace of its own, which is gone, with the disk, once its holder and all programs in it
 * have ended: the machine's own mounts stay as they are even when the tests are killed.
 */
export async function makeSmallDisk(scratch: Scratch, mebibytes: number): Promise<SmallDisk> {
  const path = join(scratch.path, 'disk')
  await mkdir(path)
  const script = 'mount -t tmpfs -o "size=$1m,mode=755" lab "$2" && echo mounted && exec cat'
  const options = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', String(mebibytes), path]
  // cat ends with its input, and that is closed when this process ends, in whatever way.
  const holder = spawn('unshare', options, { stdio: ['pipe', 'pipe', 'inherit'] })
  await mounted(holder)
  const outside = `/proc/${holder.pid}/root${path}`
  const ballast = join(outside, 'ballast')
  await writeFile(ballast, '')
  return {
    path,
    outside,
    wrapper: ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`, '--'],
    async free() {
      const { bavail, bsize } = await statfs(outside)
      return bavail * bsize
    },
    async occupy(bytes) {
      await truncate(ballast, 0)
      await writeFile(ballast, Buffer.alloc(bytes))
    },
    async remove() {
      holder.stdin?.end()
      await once(holder, 'exit')
      await rm(path, { recursive: true })
    },
  }
}

async function mounted(holder: ChildProcess): Promise<void> {
  const ended = once(holder, 'exit').then(([code]) => {
    throw new Error(`No small disk could be mounted: unshare ended with ${code}.`)
  })
  await Promise.race([once(holder.stdout as NodeJS.EventEmitter, 'data'), ended])
  // From now on its end is no fault.
  ended.catch(() => {})
}
