/** A package of which the file is kept: what stands in a database now, or what stood there once. */
export interface KeptPackage {
  id: number
  /** Its repository, name and architecture together: the versions of one package have the same. */
  package: string
  version: string
  /** It stands in a database. */
  isCurrent: boolean
  /** It does, or did so not long ago: clients may ask for it. */
  isNeeded: boolean
}

/**
 * The numbers of those that may go. Packages come newest first; of each that a repository still holds, so many
 * different versions stay, the needed ones counted. Of a package that was removed altogether nothing stays.
 */
export function chooseSpare(packages: readonly KeptPackage[], keepVersions: number): number[] {
  const held = new Set(packages.filter(({ isCurrent }) => isCurrent).map((pkg) => pkg.package))
  const versions = new Map<string, Set<string>>()
  for (const pkg of packages) if (pkg.isNeeded) versionsOf(versions, pkg).add(pkg.version)
  return packages.flatMap((pkg) => {
    if (pkg.isNeeded) return []
    const kept = versionsOf(versions, pkg)
    if (!held.has(pkg.package) || kept.has(pkg.version) || kept.size >= keepVersions) return pkg.id
    kept.add(pkg.version)
    return []
  })
}

function versionsOf(versions: Map<string, Set<string>>, pkg: KeptPackage): Set<string> {
  const known = versions.get(pkg.package) ?? new Set<string>()
  versions.set(pkg.package, known)
  return known
}
