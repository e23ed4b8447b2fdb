import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { architecture } from './architecture.ts'
import { type Outcome, run } from './processes.ts'
import { makeScratch } from './scratch.ts'

/** A section of pacman.conf. */
export interface PacmanRepository {
  readonly name: string
  /** As in pacman.conf: `$repo` and `$arch` are pacman's to fill in. */
  readonly server: string
  /** Default: `Optional TrustAll`, which takes unsigned packages. */
  readonly sigLevel?: string
}

/** A root of its own for real pacman. */
export interface PacmanRoot {
  readonly path: string
  /** The folder of the packages that it downloaded. */
  readonly cache: string
  /** The folder of its keyring, empty at first. */
  readonly keyring: string
  /** Runs pacman with these options, such as `-Sy one`; it asks nothing. */
  run(...options: string[]): Promise<Outcome>
  remove(): Promise<void>
}

/** Makes an empty root whose pacman knows these repositories alone. A call takes about 30 ms. */
export async function makePacmanRoot(repositories: readonly PacmanRepository[]): Promise<PacmanRoot> {
  const scratch = await makeScratch('pacman')
  const path = scratch.path
  for (const folder of ['root/var/lib/pacman', 'root/tmp', 'cache', 'gnupg', 'hooks']) {
    await mkdir(join(path, folder), { recursive: true, mode: folder === 'gnupg' ? 0o700 : 0o755 })
  }
  await writeFile(join(path, 'pacman.conf'), formatPacmanConfiguration(repositories))
  const options = {
    root: join(path, 'root'),
    dbpath: join(path, 'root/var/lib/pacman'),
    cachedir: join(path, 'cache'),
    gpgdir: join(path, 'gnupg'),
    hookdir: join(path, 'hooks'),
    logfile: join(path, 'pacman.log'),
    config: join(path, 'pacman.conf'),
    color: 'never',
  }
  const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  const environment = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', HOME: path }
  return {
    path: options.root,
    cache: options.cachedir,
    keyring: options.gpgdir,
    run: (...wanted) => run('pacman', [...given, '--noconfirm', ...wanted], { environment }),
    remove: scratch.remove,
  }
}

function formatPacmanConfiguration(repositories: readonly PacmanRepository[]): string {
  const sections = repositories.map(
    ({ name, server, sigLevel }) =>
      `[${name}]\nSigLevel = ${sigLevel ?? 'Optional TrustAll'}\nServer = ${server}\n`,
  )
  return `[options]\nArchitecture = ${architecture}\n\n${sections.join('\n')}`
}
