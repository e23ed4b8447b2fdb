import type { Context } from '../context.ts'
import { getPackageRow, type PackagePlace } from './get-package.ts'

/** A page of the paths of a package, sorted; folders have a slash at the end. Throws PACKAGE_NOT_FOUND. */
export async function listPackageFiles(
  parts: Pick<Context, 'archRepos' | 'reader' | 'lookups'>,
  place: PackagePlace,
  page: { limit: number; offset: number },
): Promise<string[]> {
  const { id } = await getPackageRow(parts, place)
  const [picked] = await parts.lookups.pickPaths([id], { kind: 'page', ...page })
  return picked?.paths ?? []
}
