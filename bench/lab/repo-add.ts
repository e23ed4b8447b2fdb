import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { architecture } from '../../e2e/lab/architecture.ts'
import { runChecked } from '../../e2e/lab/processes.ts'
import type { VieterServer } from '../../e2e/lab/vieter.ts'
import type { BenchPackage } from '../workload/forge.ts'
import { showStep } from './progress.ts'
import { repository } from './publisher.ts'

interface RepoAddMeasure {
  /** Milliseconds of each run. */
  readonly times: readonly number[]
  /** Bytes of the databases that it worked on. */
  readonly sizes: { readonly db: number; readonly files: number }
}

/**
 * Has repo-add add each of the packages to a fresh copy of the databases that the server serves: all in memory, its own
 * temporary files too.
 */
export async function measureRepoAdd(
  server: VieterServer,
  files: readonly BenchPackage[],
): Promise<RepoAddMeasure> {
  const folder = await mkdtemp('/dev/shm/vieter-bench-')
  try {
    const sizes = {
      db: await saveDatabase(server, 'db', folder),
      files: await saveDatabase(server, 'files', folder),
    }
    const times: number[] = []
    for (const file of files) {
      showStep(`repo-add of ${file.filename}`)
      times.push(await timeRepoAdd(folder, file))
    }
    return { times, sizes }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function saveDatabase({ address }: VieterServer, kind: string, folder: string): Promise<number> {
  const response = await fetch(`${address}/${repository}/${architecture}/${repository}.${kind}`)
  if (!response.ok) throw new Error(`The server answered ${response.status} for its ${kind} database.`)
  const bytes = await response.bytes()
  await writeFile(join(folder, `${repository}.${kind}.tar.gz`), bytes)
  return bytes.length
}

async function timeRepoAdd(original: string, file: BenchPackage): Promise<number> {
  const folder = join(original, 'copy')
  await mkdir(folder)
  for (const kind of ['db', 'files']) {
    const name = `${repository}.${kind}.tar.gz`
    await copyFile(join(original, name), join(folder, name))
  }
  await writeFile(join(folder, file.filename), file.bytes)
  const started = performance.now()
  await runChecked('repo-add', ['-q', `${repository}.db.tar.gz`, file.filename], {
    cwd: folder,
    environment: { ...process.env, TMPDIR: folder },
    timeout: 600_000,
  })
  const time = performance.now() - started
  await rm(folder, { recursive: true })
  return time
}
