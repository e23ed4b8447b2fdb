import {
  type ArchitectureName,
  compareVersions,
  type PackageName,
  type PackageVersion,
  packageNamesFor,
  type Srcinfo,
} from '@vieter/alpm'
import type { PublishedVersions } from './pacman.ts'

/** What to do about a source: nothing, build it as it is, or build it under another pkgrel. */
export type Decision = { kind: 'published' } | { kind: 'build' } | { kind: 'raise'; pkgrel: string }

interface Question {
  srcinfo: Srcinfo
  arch: ArchitectureName
  published: PublishedVersions
  /** Versions of this source's packages that were published once, whether they still are or not. */
  served: readonly PackageVersion[]
  force: boolean
}

/**
 * Nothing needs to be built when every package of the source is published in this version or a newer one. When only
 * some are, or a build is forced, or they were removed, names under which other bytes were published must not come out of it
 * (clients keep the first bytes in their caches): pkgrel goes up below its next number, from `1` or `1.1` to `1.2`.
 */
export function decideBuild({ srcinfo, arch, published, served, force }: Question): Decision {
  const versions = packageNamesFor(srcinfo, arch).map((name) => published.get(name))
  const covered = versions.filter((version) => version && compareVersions(version, srcinfo.version) >= 0)
  if (!force && versions.length > 0 && covered.length === versions.length) return { kind: 'published' }
  const minors = [...versions, published.get(debugName(srcinfo)), ...served].flatMap((version) =>
    version ? takenMinor(srcinfo, version) : [],
  )
  if (minors.length === 0) return { kind: 'build' }
  const [major = '1'] = srcinfo.pkgrel.split('.')
  return { kind: 'raise', pkgrel: `${major}.${Math.max(...minors) + 1}` }
}

/** The version without its pkgrel. */
export function upstreamVersion({ version, pkgrel }: Srcinfo): string {
  return version.slice(0, -pkgrel.length - 1)
}

/** makepkg gathers what it strips from all packages of a source in one package of this name. */
export function debugName(srcinfo: Srcinfo): PackageName {
  return `${srcinfo.base}-debug` as PackageName
}

/** M of a published `VERSION-N.M` (0 when there is none) that is our version and N, and not older; else nothing. */
function takenMinor(srcinfo: Srcinfo, version: PackageVersion): number[] {
  const [major, ours = '0'] = srcinfo.pkgrel.split('.')
  const upstream = `${upstreamVersion(srcinfo)}-`
  if (!version.startsWith(upstream)) return []
  const [publishedMajor, minor = '0'] = version.slice(upstream.length).split('.')
  return publishedMajor === major && Number(minor) >= Number(ours) ? [Number(minor)] : []
}
