import { differences, type ListedFile, wasDone } from './expected-packages.ts'
import { type Ledger, recordEffect } from './publishers.ts'
import { sha256At } from './repository-client.ts'

/** How many operations had no answer, and how many of these turned out to be done. */
export interface Reconciled {
  readonly struck: number
  readonly done: number
}

/**
 * Compares what clients see with what they were told, and writes down of what nobody was told about whether it was
 * done. Throws when something acknowledged is missing, something is there that nobody published, or one is half done.
 */
export function reconcile(ledger: Ledger, seen: ReadonlyMap<string, ListedFile>): Reconciled {
  const struck = [...ledger.underWay]
  ledger.underWay.clear()
  const done = struck.filter((change) => wasDone(ledger.packages, change, seen))
  for (const { effect } of done) recordEffect(ledger, effect)
  const wrong = differences(ledger.packages, seen)
  if (wrong.length > 0) throw new Error(`What clients see is not what they were told:\n${wrong.join('\n')}`)
  return { struck: struck.length, done: done.length }
}

/**
 * Downloads all files that databases list now, and these older ones (`REPOSITORY/ARCH/FILENAME`). Throws for one whose
 * bytes are not those that were acknowledged.
 */
export async function expectDownloads(
  { packages, served }: Ledger,
  address: string,
  older: readonly string[] = [],
): Promise<void> {
  const current = [...packages].map(([place, file]) => `${parentOf(place)}/${file.filename}`)
  await Promise.all(
    [...current, ...older].map(async (path) => {
      const [found, acknowledged] = [await sha256At(`${address}/${path}`), served.get(path)]
      if (found !== acknowledged)
        throw new Error(`${path} was acknowledged with ${acknowledged}; downloaded: ${found}`)
    }),
  )
}

function parentOf(place: string): string {
  return place.slice(0, place.lastIndexOf('/'))
}
