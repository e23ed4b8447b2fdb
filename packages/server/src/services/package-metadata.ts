import { type Buildinfo, FormatError, parseBuildinfo } from '@vieter/alpm'
import { AppError, type BuildInformation, type MtreeEntry } from '@vieter/api'
import { readMtree } from '../archives/read-mtree.ts'
import type { Context } from '../context.ts'
import { getPackageRow, type PackagePlace } from './get-package.ts'
import { readPackageHead } from './read-package-head.ts'

/*
 * The files in which a package speaks of itself are read from the package when somebody asks for them.
 */

type Parts = Pick<Context, 'archRepos' | 'reader' | 'blobs' | 'archives' | 'headReadings'>

/** Throws PACKAGE_NOT_FOUND; FILE_NOT_FOUND for a package without a .BUILDINFO; METADATA_INVALID. */
export async function getBuildInformation(parts: Parts, place: PackagePlace): Promise<BuildInformation> {
  return readMetadata(parts, place, '.BUILDINFO', async (bytes) =>
    informationOf(parseBuildinfo(new TextDecoder().decode(bytes))),
  )
}

/** A page of the .MTREE of a package. Throws as `getBuildInformation` does. */
export async function listPackageEntries(
  parts: Parts,
  place: PackagePlace,
  page: { limit: number; offset: number },
): Promise<MtreeEntry[]> {
  return readMetadata(parts, place, '.MTREE', (packed) => readMtree({ packed, ...page }))
}

/** A file of a package that is a text for people. Throws as `getBuildInformation` does. */
export async function getPackageText(
  parts: Parts,
  place: PackagePlace,
  file: '.INSTALL' | '.CHANGELOG',
): Promise<Uint8Array> {
  return readMetadata(parts, place, file, async (bytes) => bytes)
}

async function readMetadata<T>(
  parts: Parts,
  place: PackagePlace,
  file: string,
  read: (bytes: Uint8Array) => Promise<T>,
): Promise<T> {
  const { blobKey } = await getPackageRow(parts, place)
  return parts.headReadings(async () => {
    try {
      const bytes = (await readPackageHead(parts, blobKey)).get(file)
      if (bytes) return await read(bytes)
    } catch (fault) {
      if (fault instanceof FormatError)
        throw new AppError('METADATA_INVALID', { message: fault.message, cause: fault })
      throw fault
    }
    throw new AppError('FILE_NOT_FOUND', {
      message: `The package ${place.name} has no ${file}.`,
      hint: 'Not every package has one; `vieter packages info` tells what else is known of it.',
    })
  })
}

function informationOf(info: Buildinfo): BuildInformation {
  return {
    format: info.format,
    name: info.name ?? '',
    base: info.base ?? '',
    version: info.version ?? '',
    arch: info.arch ?? '',
    pkgbuild_sha256: info.pkgbuildSha256 ?? '',
    packager: info.packager,
    build_date: info.buildDate,
    build_dir: info.buildDir,
    start_dir: info.startDir,
    build_tool: info.buildTool,
    build_tool_version: info.buildToolVersion,
    buildenv: [...info.buildenv],
    options: [...info.options],
    installed: [...info.installed],
    unknown: [...info.unknown],
  }
}
