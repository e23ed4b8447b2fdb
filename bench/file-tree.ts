// A package of a real file tree, made at once: what a large upload looks like, as large as wanted.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { type TarHeader, tarEnd, tarFile, tarHeader } from '@vieter/alpm'

const maxName = 200

interface TreeOptions {
  /** The folder whose files are taken, again under other names when there are too few. */
  tree: string
  /** Bytes that the archive has about. */
  size: number
  name: string
}

/** Writes a package of the files of a tree, compressed by the zstd program at level 3. */
export async function makeTreePackage(archive: string, { tree, size, name }: TreeOptions): Promise<void> {
  const zstd = spawn('zstd', ['-q', '-3', '-f', '-o', archive], { stdio: ['pipe', 'inherit', 'inherit'] })
  const write = writer(zstd)
  const info = `pkgname = ${name}\npkgbase = ${name}\npkgver = 1-1\narch = any\nsize = ${size}\n`
  await write(tarFile('.PKGINFO', new TextEncoder().encode(info)))
  let passes = 0
  while (written(archive) < size) {
    passes += 1
    for await (const parts of entriesOf(tree, `${name}/${passes}`)) {
      for (const part of parts) await write(part)
      if (written(archive) >= size) break
    }
  }
  await write(tarEnd())
  zstd.stdin.end()
  const [code] = await once(zstd, 'exit')
  if (code !== 0) throw new Error(`zstd ended with ${code}.`)
}

function writer({ stdin }: ChildProcess): (bytes: Uint8Array) => Promise<void> {
  const input = stdin as Writable
  return async (bytes) => {
    if (!input.write(bytes)) await once(input, 'drain')
  }
}

function written(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** The tar entries of a folder and all below it, each as its parts. */
async function* entriesOf(folder: string, name: string): AsyncGenerator<Uint8Array[]> {
  yield [tarHeader({ name: `${name}/`, type: 'directory' })]
  const found = await readdir(folder, { withFileTypes: true })
  for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    const inside = `${name}/${entry.name}`
    if (inside.length > maxName) continue
    if (entry.isDirectory()) yield* entriesOf(path, inside)
    else if (entry.isSymbolicLink()) yield [tarHeader(await linkOf(path, inside))]
    else if (entry.isFile() && (await lstat(path)).size > 0) yield [tarFile(inside, await readFile(path))]
  }
}

async function linkOf(path: string, name: string): Promise<TarHeader> {
  return { name, type: 'symlink', linkname: await readlink(path) }
}
