import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { type DatabaseEntry, databaseTar } from '@vieter/alpm'
import { type OpenBlob, openFile } from '../blobs/open-file.ts'
import { syncFolder, writeAll } from '../files.ts'

export type DatabaseKind = 'db' | 'files'

/** Where the databases of all arch-repos are kept: a folder for each, a pair of files for each generation. */
export interface GenerationFiles {
  /** Writes the pair of one generation from its entries and makes it durable. Nobody is shown it by that. */
  write(archRepoId: number, generation: number, entries: readonly DatabaseEntry[]): Promise<void>
  /** Undefined when that generation was dropped. */
  open(archRepoId: number, generation: number, kind: DatabaseKind): Promise<OpenBlob | undefined>
  /** Removes a generation that is no longer current; who reads it goes on reading. */
  drop(archRepoId: number, generation: number): Promise<void>
  dropAll(archRepoId: number): Promise<void>
}

/** Writes whole databases: each generation is one gzip member made from all entries. */
export function generationFiles(root: string): GenerationFiles {
  const folderOf = (archRepoId: number) => join(root, String(archRepoId))
  const pathOf = (archRepoId: number, generation: number, kind: DatabaseKind) =>
    join(folderOf(archRepoId), `${generation}.${kind}`)
  return {
    async write(archRepoId, generation, entries) {
      const made = await mkdir(folderOf(archRepoId), { recursive: true })
      await Promise.all([
        writeDatabase(pathOf(archRepoId, generation, 'db'), entries.map(withoutFiles)),
        writeDatabase(pathOf(archRepoId, generation, 'files'), entries),
      ])
      await syncFolder(folderOf(archRepoId))
      if (made) await syncFolder(root)
    },
    open: (archRepoId, generation, kind) => openFile(pathOf(archRepoId, generation, kind)),
    async drop(archRepoId, generation) {
      await rm(pathOf(archRepoId, generation, 'db'), { force: true })
      await rm(pathOf(archRepoId, generation, 'files'), { force: true })
    },
    dropAll: (archRepoId) => rm(folderOf(archRepoId), { recursive: true, force: true }),
  }
}

function withoutFiles({ name, version, desc }: DatabaseEntry): DatabaseEntry {
  return { name, version, desc }
}

async function writeDatabase(path: string, entries: readonly DatabaseEntry[]): Promise<void> {
  const file = await open(path, 'w')
  try {
    const tar = Readable.from(inBatches(databaseTar(entries)), { objectMode: false })
    let position = 0
    for await (const chunk of tar.compose(createGzip()) as AsyncIterable<Uint8Array>) {
      await writeAll(file, chunk, position)
      position += chunk.length
    }
    await file.datasync()
  } finally {
    await file.close()
  }
}

const batchSize = 256 * 1024

/** Joins small pieces: a stream costs the same for a piece of any size, and a tar is made of thousands. */
function* inBatches(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let batch: Uint8Array[] = []
  let size = 0
  for (const piece of pieces) {
    batch.push(piece)
    size += piece.length
    if (size < batchSize) continue
    yield Buffer.concat(batch)
    batch = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(batch)
}
