import type { Context } from '../context.ts'
import { compareBlobs } from '../domain/compare-blobs.ts'
import { findStoredBlobs } from '../store/stored-blobs.ts'

/** How many of the packages without their files are named in the log. */
const maxNamed = 20

/**
 * At start, before anything is uploaded: deletes blobs that a server left which died before their rows were written, and
 * tells of packages whose blobs are not there. Looks at names and sizes alone.
 */
export async function mendPackages({
  reader,
  blobs,
  log,
}: Pick<Context, 'reader' | 'blobs' | 'log'>): Promise<void> {
  const { missing, resized, unknown } = compareBlobs(await findStoredBlobs(reader), await blobs.list())
  for (const { key } of unknown) await blobs.delete(key)
  if (unknown.length > 0) log.warn({ count: unknown.length }, 'files that no package refers to were deleted')
  const damaged = [...missing, ...resized]
  if (damaged.length === 0) return
  const packages = damaged.slice(0, maxNamed).map(({ repository, filename }) => `${repository} ${filename}`)
  log.error(
    { count: damaged.length, packages },
    'files of packages are missing or damaged: stop the server and run `vieter check --repair`, then publish them again',
  )
}
