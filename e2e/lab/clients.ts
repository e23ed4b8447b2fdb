import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DatabaseEntry, readDatabaseFile } from './databases.ts'
import type { ListedFile } from './expected-packages.ts'
import { makePacmanRoot, type PacmanRoot } from './pacman.ts'
import { makeScratch } from './scratch.ts'

/** Machines with pacman, one of each architecture, that keep what they synced like any real one. */
export interface Clients {
  /** Syncs both databases everywhere; what they list then, by `REPOSITORY/ARCH/NAME`. Throws for any fault. */
  sync(): Promise<Map<string, ListedFile>>
  remove(): Promise<void>
}

const archs = ['x86_64', 'aarch64'] as const

/** `address` is that of the server. */
export async function makeClients(address: string, repository: string): Promise<Clients> {
  const roots = await Promise.all(
    archs.map(async (arch) => {
      const root = await makePacmanRoot([{ name: repository, server: `${address}/${repository}/${arch}` }])
      return { arch, root }
    }),
  )
  return {
    async sync() {
      const listed = await Promise.all(roots.map(({ arch, root }) => syncOne(root, repository, arch)))
      return new Map(listed.flat())
    },
    async remove() {
      for (const { root } of roots) await root.remove()
    },
  }
}

async function syncOne(root: PacmanRoot, repository: string, arch: string): Promise<[string, ListedFile][]> {
  const printed = await succeed(root, '-Syl', repository)
  await succeed(root, '-Fy')
  const folder = join(root.path, 'var/lib/pacman/sync')
  const [entries, withFiles] = await Promise.all([
    readDatabaseFile(join(folder, `${repository}.db`)),
    readDatabaseFile(join(folder, `${repository}.files`)),
  ])
  expectSame('pacman -Sl and the database', linesOfList(printed, repository), entries.map(formatLine))
  expectSame('the databases with and without file lists', withFiles.map(identify), entries.map(identify))
  return entries.map((entry) => [`${repository}/${arch}/${entry.name}`, entry])
}

async function succeed(root: PacmanRoot, ...options: string[]): Promise<string> {
  const { code, stdout, stderr } = await root.run(...options)
  if (code !== 0 || /error|warning/.test(stderr))
    throw new Error(`pacman ${options.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
  return stdout
}

function linesOfList(printed: string, repository: string): string[] {
  return printed.split('\n').flatMap((line) => {
    const [first, name, version] = line.split(' ')
    return first === repository && version !== undefined ? [`${name} ${version}`] : []
  })
}

function formatLine({ name, version }: DatabaseEntry): string {
  return `${name} ${version}`
}

function identify({ filename, sha256 }: DatabaseEntry): string {
  return `${filename} ${sha256}`
}

function expectSame(what: string, one: readonly string[], other: readonly string[]): void {
  const [left, right] = [[...one].sort(), [...other].sort()]
  if (left.join('\n') !== right.join('\n'))
    throw new Error(
      `${what} differ:\n${left.filter((line) => !right.includes(line)).join('\n')}\n--\n${right.filter((line) => !left.includes(line)).join('\n')}`,
    )
}

/** What the database of an arch-repo lists that may not be there: then it is empty. */
export async function fetchListed(
  address: string,
  repository: string,
  arch: string,
): Promise<[string, ListedFile][]> {
  const response = await fetch(`${address}/${repository}/${arch}/${repository}.db`)
  const bytes = await response.bytes()
  if (response.status === 404) return []
  if (response.status !== 200) throw new Error(`The database of ${repository}/${arch}: ${response.status}`)
  const scratch = await makeScratch('database')
  const path = join(scratch.path, 'database')
  await writeFile(path, bytes)
  const entries = await readDatabaseFile(path)
  await rm(scratch.path, { recursive: true })
  return entries.map((entry) => [`${repository}/${arch}/${entry.name}`, entry])
}
