import { compareVersions } from '@vieter/alpm'
import { AppError, type Policies } from '@vieter/api'
import { listedArchs } from './policies.ts'
import type { PackageFacts } from './stored-package.ts'

/** What publishing a package is judged by. */
export interface PublishRules {
  policies: Policies
  /** The arch-repo that packages of arch `any` always go to, unless the architectures are listed. */
  defaultArch: string
  /** By file name: every package in question that was published, also those removed but still served. */
  published: ReadonlyMap<string, PackageFacts>
  /** By file name: the SHA-256 of what was served last under it, now or ever. */
  remembered: ReadonlyMap<string, string>
}

/** What the publisher insists on. */
export interface Insistence {
  /** Take the place of other bytes of the same version. */
  replace?: boolean
  /** Take the place of a higher version. */
  force?: boolean
}

/** The arch-repos that a package goes to. Throws ARCHITECTURE_REFUSED. */
export function destinationsOf(
  { arch, filename }: Pick<PackageFacts, 'arch' | 'filename'>,
  existing: Iterable<string>,
  { policies, defaultArch }: PublishRules,
): readonly string[] {
  const listed = listedArchs(policies)
  if (arch === 'any') return listed ?? [...new Set([...existing, defaultArch])]
  if (!listed || listed.includes(arch)) return [arch]
  throw new AppError('ARCHITECTURE_REFUSED', {
    message: `${filename} is for ${arch}, but the repository has ${listed.join(', ')} alone.`,
  })
}

/**
 * Whether a package may have its file name: caches of clients keep what was once served under it, and would call other
 * bytes corrupted. Throws PACKAGE_EXISTS.
 */
export function checkBytes(
  { filename, sha256 }: Pick<PackageFacts, 'filename' | 'sha256'>,
  { replace }: Insistence,
  { policies, published, remembered }: PublishRules,
): void {
  const earlier = published.get(filename)?.sha256 ?? remembered.get(filename)
  if (earlier === undefined || earlier === sha256 || replace || policies.same_version === 'replace') return
  throw new AppError('PACKAGE_EXISTS', {
    message: `Another file was published as ${filename} already (its sha256 is ${earlier}).`,
  })
}

/**
 * Whether a package may take the place of another in an arch-repo. The same version in another file (of another
 * compression or architecture) is the same version with other bytes: pacman would see no update.
 * Throws PACKAGE_EXISTS and PACKAGE_DOWNGRADE.
 */
export function checkSuccession(
  { name, version, filename }: PackageFacts,
  { arch, present }: { arch: string; present: PackageFacts | undefined },
  { replace, force }: Insistence,
  { policies }: PublishRules,
): void {
  if (!present || present.filename === filename) return
  const order = compareVersions(version, present.version)
  if (order === 0 && !replace && policies.same_version === 'refuse') {
    throw new AppError('PACKAGE_EXISTS', {
      message: `${arch} holds ${name} ${present.version} already, as ${present.filename}.`,
    })
  }
  if (order < 0 && !force && policies.downgrade === 'refuse') {
    throw new AppError('PACKAGE_DOWNGRADE', {
      message: `${arch} holds ${name} ${present.version}, which is higher than ${version}.`,
    })
  }
}
