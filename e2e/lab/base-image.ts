import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { importImage } from './engine-client.ts'
import { findImageFiles } from './image-programs.ts'
import { writeImageTree } from './image-tree.ts'
import { runChecked } from './processes.ts'
import { makeScratch } from './scratch.ts'

/** The name under which the base image is known to an engine of the laboratory. */
export const baseImage = 'vieter-lab/base:1'

const cacheFolder = fileURLToPath(new URL('../../.cache/lab', import.meta.url))

/**
 * Gives an engine a base image as any other: pacman, makepkg, git, curl, a repository `core` of its own, and no user
 * but root and nobody. It is made from this machine's own programs and their libraries, so no registry is needed.
 * Takes about a second, the first time on a machine a few more.
 */
export async function importBaseImage(socket: string): Promise<string> {
  await importImage(socket, await makeBaseImage(), baseImage)
  return baseImage
}

/** Makes the base image as a tar file, unless there is one for this machine's packages, and gives its path. */
export async function makeBaseImage(): Promise<string> {
  const path = join(cacheFolder, `base-${await describeState()}.tar`)
  if (await stat(path).catch(() => undefined)) return path
  await mkdir(cacheFolder, { recursive: true })
  const scratch = await makeScratch('image')
  try {
    await writeTar(scratch.path, `${path}.${process.pid}`)
    await rename(`${path}.${process.pid}`, path)
    await removeOthers(path)
    return path
  } finally {
    await rm(`${path}.${process.pid}`, { force: true })
    await scratch.remove()
  }
}

async function writeTar(folder: string, path: string): Promise<void> {
  const tree = join(folder, 'tree')
  await mkdir(tree)
  await writeImageTree(tree)
  const files = await findImageFiles()
  for (const parent of new Set(files.map((file) => join(file, '..')))) {
    await mkdir(join(tree, parent), { recursive: true })
  }
  // The tree comes first: it has the folders, whose permissions the engine would otherwise choose by itself.
  const list = files.map((file) => `${file.slice(1)}\0`).join('')
  const common = ['--numeric-owner', '--owner=0', '--group=0', '--format=gnu']
  await runChecked('tar', [...common, '-C', tree, '-cf', path, '.'])
  await runChecked('tar', [...common, '-C', '/', '--no-recursion', '--null', '-T', '-', '-rf', path], {
    input: list,
  })
}

/** Hashes what the image depends on: this machine's installed packages, and how the image is made from them. */
async function describeState(): Promise<string> {
  const hash = createHash('sha256')
  for (const name of ['base-image', 'image-programs', 'image-tree', 'forge', 'tar']) {
    hash.update(await readFile(new URL(`./${name}.ts`, import.meta.url)))
  }
  hash.update(await describeInstalled())
  return hash.digest('hex').slice(0, 16)
}

/** Debian's list of installed packages; without one each process makes its own image. */
async function describeInstalled(): Promise<Uint8Array | string> {
  return readFile('/var/lib/dpkg/status').catch(() => `${process.pid} ${Date.now()}`)
}

async function removeOthers(path: string): Promise<void> {
  for (const name of await readdir(cacheFolder)) {
    const other = join(cacheFolder, name)
    if (/^base-[0-9a-f]{16}\.tar$/.test(name) && other !== path) await rm(other, { force: true })
  }
}
