import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll } from 'vitest'

/** Has something done when a test, or a file of tests, is over. */
export type OnEnd = (clean: () => void | Promise<void>) => void

/** To be called outside of tests and hooks: has things done when all tests of the file are over, the latest first. */
export function endOfFile(): OnEnd {
  const cleans: Parameters<OnEnd>[0][] = []
  afterAll(async () => {
    for (const clean of cleans.reverse()) await clean()
  })
  return (clean) => void cleans.push(clean)
}

/** A folder that is removed at the end. */
export function temporaryFolder(onEnd: OnEnd): string {
  const folder = mkdtempSync(join(tmpdir(), 'vieter-server-'))
  onEnd(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The files below a folder, as paths. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Every file below a folder with the hash of its bytes, the write-ahead log of the SQL store and its index left out. */
export function contentsOf(folder: string): Record<string, string> {
  const files = filesIn(folder).filter((path) => !/\.sqlite-(wal|shm)$/.test(path))
  return Object.fromEntries(files.map((path) => [path, sha256(readFileSync(join(folder, path)))]))
}
