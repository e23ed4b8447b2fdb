import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DatabaseEntry, readDatabaseFile } from './databases.ts'
import { makePacmanRoot } from './pacman.ts'
import { type Outcome, runChecked } from './processes.ts'
import type { Random } from './random.ts'

/** What a machine with pacman does all day. */
export const actions = [
  'sync',
  'upgrade',
  'sync files',
  'install',
  'resume with curl',
  'resume with pacman',
] as const
export type Action = (typeof actions)[number]

/** A machine with real pacman; whatever fails on it throws. */
export interface LoadClient {
  does(action: Action): Promise<void>
  /** `pacman -Sy`, then what is in its databases; throws when the two differ. */
  sync(): Promise<DatabaseEntry[]>
  /** As `sync`, with the file lists; throws when their database is of another state. For when nobody publishes. */
  syncBoth(): Promise<DatabaseEntry[]>
  install(name: string): Promise<void>
  /** What is installed, as `NAME VERSION`. */
  installed(): Promise<string[]>
  remove(): Promise<void>
}

/** `server` is the value of `Server` in its pacman.conf. */
export async function makeLoadClient(
  random: Random,
  repository: string,
  server: string,
): Promise<LoadClient> {
  const root = await makePacmanRoot([{ name: repository, server }])
  const pathOf = (kind: 'db' | 'files') => join(root.path, `var/lib/pacman/sync/${repository}.${kind}`)
  const pacman = async (...options: string[]) => expectSuccess(options, await root.run(...options))
  const listed = () => readDatabaseFile(pathOf('db'))

  async function sync(): Promise<DatabaseEntry[]> {
    await pacman('-Sy')
    const entries = await listed()
    const lines = (await pacman('-Sl')).split('\n').filter((line) => line !== '')
    if (lines.length !== entries.length)
      throw new Error(`pacman lists ${lines.length} packages of a database of ${entries.length}.`)
    return entries
  }

  async function syncBoth(): Promise<DatabaseEntry[]> {
    const entries = await sync()
    await pacman('-Fy')
    const withFiles = await readDatabaseFile(pathOf('files'))
    if (withFiles.map(({ sha256 }) => sha256).join() !== entries.map(({ sha256 }) => sha256).join())
      throw new Error('The databases with and without file lists differ.')
    return entries
  }

  async function syncFiles(): Promise<void> {
    await pacman('-Fy')
    const { name, files = [] } = random.pick(await readDatabaseFile(pathOf('files')))
    const path = files.find((one) => !one.endsWith('/')) ?? ''
    const found = await pacman('-F', path)
    if (!found.includes(`${repository}/${name} `)) throw new Error(`pacman -F ${path} found:\n${found}`)
  }

  async function resumeWithCurl(): Promise<void> {
    const { filename, sha256 } = random.pick(await listed())
    const path = join(root.cache, '../resumed')
    await cutDownload(`${server}/${filename}`, path, 1 + random.below(60_000))
    await runChecked('curl', ['-sSf', '-C', '-', '-o', path, `${server}/${filename}`])
    await expectSha256(path, sha256)
  }

  async function resumeWithPacman(): Promise<void> {
    const { name, filename, sha256 } = random.pick(await listed())
    const path = join(root.cache, filename)
    await rm(path, { force: true })
    await cutDownload(`${server}/${filename}`, `${path}.part`, 1 + random.below(60_000))
    await pacman('-Sw', name)
    await expectSha256(path, sha256)
  }

  const doing: Record<Action, () => Promise<unknown>> = {
    sync,
    upgrade: () => pacman('-Syu'),
    'sync files': syncFiles,
    install: async () => pacman('-S', random.pick(await listed()).name),
    'resume with curl': resumeWithCurl,
    'resume with pacman': resumeWithPacman,
  }
  return {
    async does(action) {
      await doing[action]()
    },
    sync,
    syncBoth,
    async install(name) {
      await pacman('-S', name)
    },
    async installed() {
      return (await pacman('-Q')).split('\n').filter((line) => line !== '')
    },
    remove: root.remove,
  }
}

function expectSuccess(options: readonly string[], { code, stdout, stderr }: Outcome): string {
  if (code !== 0 || /^error/m.test(stdout + stderr))
    throw new Error(`pacman ${options.join(' ')} ended with ${code}:\n${stdout}${stderr}`)
  return stdout
}

/** Takes so many bytes of a download, at most all but one, and hangs up. */
async function cutDownload(address: string, path: string, limit: number): Promise<void> {
  const response = await fetch(address)
  if (response.status !== 200 || !response.body)
    throw new Error(`${address} was answered with ${response.status}.`)
  const size = Number(response.headers.get('content-length'))
  const taken: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    taken.push(chunk)
    length += chunk.length
    if (length >= limit) break
  }
  await writeFile(path, Buffer.concat(taken).subarray(0, Math.min(limit, size - 1)))
}

async function expectSha256(path: string, sha256: string): Promise<void> {
  const found = createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
  if (found !== sha256) throw new Error(`${path} was put together wrongly.`)
}
