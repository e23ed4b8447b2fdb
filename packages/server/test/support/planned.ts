import type { PlannedPackage, RepositoryState } from '../../src/domain/repository-state.ts'

let count = 0

/** A package as plans see it, of `NAME VERSION ARCH [BASE]`, with one byte more than the one before. */
export function planned(text: string): PlannedPackage {
  const [name = '', version = '', arch = '', base = name] = text.split(' ')
  count += 1
  return {
    id: count,
    name,
    base,
    version,
    arch,
    filename: `${name}-${version}-${arch}.pkg.tar.zst`,
    size: count,
    sha256: '',
    md5: '',
    signature: '',
    blobKey: String(count),
  }
}

/** A repository whose arch-repos hold packages. */
export function stateOf(archRepos: Readonly<Record<string, readonly PlannedPackage[]>>): RepositoryState {
  const entries = Object.entries(archRepos).map(
    ([arch, packages]) => [arch, new Map(packages.map((pkg) => [pkg.name, pkg]))] as const,
  )
  return { exists: true, archRepos: new Map(entries) }
}

/** The names in each arch-repo of a repository. */
export function namesOf(state: RepositoryState): Record<string, string[]> {
  return Object.fromEntries([...state.archRepos].map(([arch, archRepo]) => [arch, [...archRepo.keys()]]))
}
