import { AppError, type Client, contract, type PackageSummary } from '@vieter/api'
import { Option } from 'commander'

/** Where to look for packages; what is left out is everywhere. */
export interface PlaceOptions {
  repo?: string
  arch?: string
}

export function placeOptions(): Option[] {
  return [
    new Option('--repo <repo>', 'only in this repository'),
    new Option('--arch <arch>', 'only for this architecture'),
  ]
}

export function placeOf({ repo, arch }: PlaceOptions): PlaceOptions {
  return { ...(repo === undefined ? {} : { repo }), ...(arch === undefined ? {} : { arch }) }
}

/** The packages of a name, one in each arch-repo. Throws PACKAGE_NOT_FOUND when there is none. */
export async function findNamed(
  client: Client,
  name: string,
  options: PlaceOptions,
): Promise<PackageSummary[]> {
  const query = { name, ...placeOf(options), limit: 10_000 }
  const found = name === '' ? [] : await client.call(contract.listPackages, { query })
  if (found.length > 0) return found
  throw new AppError('PACKAGE_NOT_FOUND', {
    message: `There is no package ${JSON.stringify(name)}${describePlace(options)}.`,
    hint: '`vieter packages search TERM` finds names.',
  })
}

function describePlace({ repo, arch }: PlaceOptions): string {
  const inRepo = repo === undefined ? '' : ` in the repository ${JSON.stringify(repo)}`
  return inRepo + (arch === undefined ? '' : ` for ${JSON.stringify(arch)}`)
}
