import type { Context } from '../context.ts'
import { findDatabaseFault } from './check-databases.ts'
import { remakeDatabases } from './remake-databases.ts'

type Parts = Pick<
  Context,
  | 'snapshots'
  | 'store'
  | 'packs'
  | 'renderers'
  | 'archRepos'
  | 'commits'
  | 'format'
  | 'clock'
  | 'log'
  | 'stopping'
>

/**
 * Reads all databases as pacman would while the server goes on, and writes those anew that are not what the rows say.
 * Never throws; ends early when the server stops.
 */
export async function verifyDatabases(parts: Parts): Promise<void> {
  const { archRepos, commits, log, stopping } = parts
  const { signal } = stopping
  try {
    for (const { id, repository, arch } of archRepos.all()) {
      const fault = await findDatabaseFault(parts, id, { fast: false, signal })
      if (fault === undefined) continue
      log.error({ repository, arch, reason: fault }, 'the databases are damaged and are written anew')
      await commits.exclusively(repository, arch, async () => {
        const archRepo = archRepos.find(repository, arch)
        if (archRepo) await remakeDatabases(parts, archRepo)
      })
    }
  } catch (fault) {
    if (!signal.aborted) log.error({ err: fault }, 'the databases could not be checked')
  }
}
