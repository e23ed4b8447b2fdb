import type { Context } from '../context.ts'
import { findPackFault } from '../databases/check-packs.ts'
import { rebuildDatabases } from '../databases/database-writer.ts'
import { formatName } from '../databases/entry-reader.ts'
import { type Manifest, usedPacks } from '../databases/manifest.ts'
import { nextLastModified } from '../domain/last-modified.ts'
import { readEntryNames } from '../store/entries.ts'
import { saveArchRepo } from '../store/repositories.ts'
import { saveManifest } from '../store/segments.ts'
import { type ArchRepo, beginChange } from './arch-repos.ts'

type Parts = Pick<Context, 'store' | 'packs' | 'renderers' | 'archRepos' | 'format' | 'clock' | 'log'>

/**
 * Writes the databases of an arch-repo anew from its rows, as a new generation. To be called when no change of the
 * arch-repo is being made.
 */
export async function remakeDatabases(parts: Parts, archRepo: ArchRepo): Promise<void> {
  const { store, archRepos, format, clock } = parts
  const before = await archRepo.current.manifest()
  const names = await readEntryNames(store, archRepo.id)
  const after = await rebuildDatabases(parts, archRepo.id, { names, changes: [] })
  const end = await beginChange(archRepo)
  try {
    const { current, id, arch, updatedAt } = archRepo
    const row = {
      id,
      arch,
      generation: current.number + 1,
      last_modified: nextLastModified(current, clock()),
      visible: 1,
      format: formatName(format),
      updated_at: updatedAt,
    }
    await store.transaction().execute(async (trx) => {
      await saveManifest(trx, id, { before, after })
      await saveArchRepo(trx, row)
    })
    archRepos.show(archRepo.repository, row, after)
  } finally {
    end()
  }
  await dropUnused(parts, archRepo.id, after)
}

async function dropUnused({ packs }: Parts, archRepoId: number, manifest: Manifest): Promise<void> {
  const used = usedPacks(manifest)
  for (const pack of [...(await packs.finished(archRepoId)).keys()]) {
    if (!used.has(pack)) await packs.drop(archRepoId, pack)
  }
}

/**
 * At start: remakes the databases that are of another format or lack a pack, and removes the packs of arch-repos that
 * are not there any more.
 */
export async function mendDatabases(parts: Parts): Promise<void> {
  const { packs, archRepos, format, log } = parts
  const visible = archRepos.all()
  for (const archRepo of visible) {
    const { repository, arch } = archRepo
    const reason =
      archRepo.format === formatName(format)
        ? (await findPackFault(packs, archRepo.id, await archRepo.current.manifest()))?.message
        : 'their format differs'
    if (reason === undefined) continue
    log.warn({ repository, arch, reason }, 'the databases are written anew')
    await remakeDatabases(parts, archRepo)
  }
  const ids = new Set(visible.map(({ id }) => id))
  for (const id of await packs.archRepos()) if (!ids.has(id)) await packs.dropAll(id)
}
