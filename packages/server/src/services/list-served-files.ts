import type { Context } from '../context.ts'
import { debugRepositoryOf } from '../domain/policies.ts'
import { findServedNames } from '../store/served-files.ts'

/** The names of all files that were ever served of some packages and one version, without its pkgrel. */
export function listServedFiles(
  { reader }: Pick<Context, 'reader'>,
  repository: string,
  { names, version }: { names: readonly string[]; version: string },
): Promise<string[]> {
  const stems = names.map((name) => `${name}-${version}`)
  return findServedNames(reader, [repository, debugRepositoryOf(repository)], stems)
}
