import { statfs } from 'node:fs/promises'
import { AppError } from '@vieter/api'

const mebibyte = 1024 * 1024

/** The room on the disks that packages and databases are written to. */
export interface DiskSpace {
  /** Throws STORAGE_FULL when a disk has less than the reserve left after `incoming` more bytes. */
  check(incoming: number): Promise<void>
}

/** Watches the file systems of some folders; `reserve` is in MiB, and 0 lets them fill up. */
export function diskSpace(folders: readonly string[], reserve: number): DiskSpace {
  return {
    async check(incoming) {
      if (reserve === 0) return
      for (const folder of folders) {
        const { bavail, bsize } = await statfs(folder)
        if (bavail * bsize - incoming >= reserve * mebibyte) continue
        throw new AppError('STORAGE_FULL', {
          message: `The server keeps the last ${reserve} MiB of its disk free, and the package does not fit in what is left.`,
          hint: 'Free some disk space on the server, or lower `disk_reserve`; then send it again.',
        })
      }
    },
  }
}
