import { type DatabaseLayout, layOut } from '../databases/database-layout.ts'
import type { DatabaseKind, Manifest } from '../databases/manifest.ts'
import type { Store } from '../store/open-store.ts'
import { type ArchRepoRow, findVisibleArchRepos } from '../store/repositories.ts'
import { loadManifest } from '../store/segments.ts'

/** The generation that is current. Replaced as a whole; but its date may be raised, and it may become served. */
export interface Generation {
  readonly number: number
  /** UTC epoch seconds. */
  lastModified: number
  /** Whether anyone was sent this generation with this date. */
  served: boolean
  manifest(): Promise<Manifest>
  layout(kind: DatabaseKind): Promise<DatabaseLayout>
  /** The layout, if it was asked for before. */
  laidOut(kind: DatabaseKind): DatabaseLayout | undefined
  /** The same segments, in other places. */
  moveTo(manifest: Manifest): void
}

/** A visible arch-repo, as requests see it. */
export interface ArchRepo {
  readonly id: number
  readonly repository: string
  readonly arch: string
  current: Generation
  /** When its entries changed last, in UTC epoch seconds. */
  updatedAt: number
  format: string
  /** Whoever changes the date or the generation holds this until it is durable. */
  changing: Promise<void> | undefined
}

/** All visible arch-repos, in memory: what is asked a thousand times a second is answered without the store. */
export interface ArchRepos {
  find(repository: string, arch: string): ArchRepo | undefined
  /** The visible arch-repos of a repository, by architecture. */
  of(repository: string): ReadonlyMap<string, ArchRepo>
  all(): ArchRepo[]
  /** Makes a generation the current one. */
  show(repository: string, row: ArchRepoRow, manifest: Manifest): void
  hide(repository: string, arch: string): void
}

export async function openArchRepos(store: Store): Promise<ArchRepos> {
  const repositories = new Map<string, Map<string, ArchRepo>>()
  const archReposOf = (repository: string) => {
    const known = repositories.get(repository) ?? new Map<string, ArchRepo>()
    repositories.set(repository, known)
    return known
  }
  for (const { repository, ...row } of await findVisibleArchRepos(store)) {
    // What was sent before the server was started is not known: take it that all was.
    const current = { ...generationOf(row, () => loadManifest(store, row.id)), served: true }
    archReposOf(repository).set(row.arch, archRepoOf(repository, row, current))
  }
  return {
    find: (repository, arch) => repositories.get(repository)?.get(arch),
    of: (repository) => repositories.get(repository) ?? new Map(),
    all: () => [...repositories.values()].flatMap((archRepos) => [...archRepos.values()]),
    show(repository, row, manifest) {
      const current = generationOf(row, async () => manifest)
      const known = repositories.get(repository)?.get(row.arch)
      if (known) Object.assign(known, { current, updatedAt: row.updated_at, format: row.format })
      else archReposOf(repository).set(row.arch, archRepoOf(repository, row, current))
    },
    hide(repository, arch) {
      repositories.get(repository)?.delete(arch)
      if (repositories.get(repository)?.size === 0) repositories.delete(repository)
    },
  }
}

function archRepoOf(repository: string, row: ArchRepoRow, current: Generation): ArchRepo {
  const { id, arch, format, updated_at: updatedAt } = row
  return { id, repository, arch, current, updatedAt, format, changing: undefined }
}

function generationOf(row: ArchRepoRow, load: () => Promise<Manifest>): Generation {
  let manifest: Promise<Manifest> | undefined
  let layouts: Partial<Record<DatabaseKind, DatabaseLayout>> = {}
  const loadOnce = () => {
    manifest ??= load().catch((fault: unknown) => {
      manifest = undefined
      throw fault
    })
    return manifest
  }
  return {
    number: row.generation,
    lastModified: row.last_modified,
    served: false,
    manifest: loadOnce,
    async layout(kind) {
      layouts[kind] ??= layOut((await loadOnce())[kind])
      return layouts[kind]
    },
    laidOut: (kind) => layouts[kind],
    moveTo(moved) {
      manifest = Promise.resolve(moved)
      layouts = {}
    },
  }
}

/** Waits for those who change the date or the generation, and then does; the function that it returns ends it. */
export async function beginChange(archRepo: ArchRepo): Promise<() => void> {
  while (archRepo.changing) await archRepo.changing
  const { promise, resolve } = Promise.withResolvers<void>()
  archRepo.changing = promise
  return () => {
    archRepo.changing = undefined
    resolve()
  }
}
