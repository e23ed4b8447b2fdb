import { AppError } from '@vieter/api'
import type { Context } from '../context.ts'
import type { WantedFile } from '../domain/pick-paths.ts'
import type { FoundEntry } from '../store/package-search.ts'

/** An entry whose package has the file, with the paths that it has it under. */
export interface OwnedEntry extends FoundEntry {
  paths: string[]
}

interface FileSearch {
  /** Where to look, in the order of the answer. */
  entries: readonly FoundEntry[]
  wanted: WantedFile
  limit: number
  offset: number
}

/** Lists of files that are looked through at once: some MB, some milliseconds; others have their turn in between. */
const stepSize = 200
/** Paths that are told of one package. */
const maxPaths = 100

/**
 * Looks for a file in the lists of packages: 7 million paths take half a second (measured), so there is no index that each
 * publish would pay for. One search runs at a time. Returns what it has when it is given up. Throws SHUTTING_DOWN.
 */
export async function searchFiles(
  { lookups, fileSearches, stopping }: Pick<Context, 'lookups' | 'fileSearches' | 'stopping'>,
  { entries, wanted, limit, offset }: FileSearch,
  signal: AbortSignal,
): Promise<OwnedEntry[]> {
  return fileSearches(async () => {
    const found: OwnedEntry[] = []
    for (let start = 0; start < entries.length && found.length < offset + limit; start += stepSize) {
      if (stopping.signal.aborted) throw new AppError('SHUTTING_DOWN')
      if (signal.aborted) break
      const step = entries.slice(start, start + stepSize)
      const ids = [...new Set(step.map(({ packageId }) => packageId))]
      const picked = await lookups.pickPaths(ids, { kind: 'wanted', file: wanted, limit: maxPaths })
      const paths = new Map(picked.map((one) => [one.packageId, one.paths]))
      for (const entry of step) {
        const own = paths.get(entry.packageId)
        if (own) found.push({ ...entry, paths: own })
      }
    }
    return found.slice(offset, offset + limit)
  })
}
