import { FormatError, parsePkginfo } from '@vieter/alpm'
import { AppError, type PackageInfo } from '@vieter/api'
import type { Context } from '../context.ts'
import { readEntryFields } from '../domain/package-details.ts'
import { extraOf, type PackageExtra } from '../domain/package-extra.ts'
import { findEarlierFiles, findPackageInfo, type PackageInfoRow } from '../store/package-info.ts'
import { summaryOf } from './package-summary.ts'
import { readPackageHead } from './read-package-head.ts'

/** Where a package is, and how it is called. */
export interface PackagePlace {
  repo: string
  arch: string
  name: string
}

type Parts = Pick<Context, 'archRepos' | 'reader' | 'blobs' | 'archives' | 'headReadings'>

/** All that is known of a package. Throws PACKAGE_NOT_FOUND. */
export async function getPackage(parts: Parts, place: PackagePlace): Promise<PackageInfo> {
  const row = await getPackageRow(parts, place)
  const fields = readEntryFields(row.desc)
  const list = (field: string) => [...(fields.get(field) ?? [])]
  const earlier = await findEarlierFiles(parts.reader, row)
  return {
    ...summaryOf(row, place),
    url: list('URL')[0] ?? '',
    packager: list('PACKAGER')[0] ?? '',
    licenses: list('LICENSE'),
    groups: list('GROUPS'),
    provides: list('PROVIDES'),
    depends: list('DEPENDS'),
    optdepends: list('OPTDEPENDS'),
    makedepends: list('MAKEDEPENDS'),
    checkdepends: list('CHECKDEPENDS'),
    conflicts: list('CONFLICTS'),
    replaces: list('REPLACES'),
    ...(await findExtra(parts, row)),
    sha256: row.sha256,
    signed: row.signature !== '',
    earlier: earlier.map(({ publishedAt, removedAt, ...file }) => ({
      ...file,
      published_at: publishedAt,
      removed_at: removedAt,
    })),
  }
}

/** The row of a package. Throws PACKAGE_NOT_FOUND. */
export async function getPackageRow(
  { archRepos, reader }: Pick<Context, 'archRepos' | 'reader'>,
  { repo, arch, name }: PackagePlace,
): Promise<PackageInfoRow> {
  const archRepo = archRepos.find(repo, arch)
  const row = archRepo && (await findPackageInfo(reader, archRepo.id, name))
  if (row) return row
  throw new AppError('PACKAGE_NOT_FOUND', { message: `${repo}/${arch} holds no package ${name}.` })
}

/** Of a package that was published when this was not kept it is read from the package itself. */
async function findExtra(parts: Parts, { extra, blobKey }: PackageInfoRow): Promise<PackageExtra> {
  if (extra !== null) return JSON.parse(extra) as PackageExtra
  try {
    const head = await parts.headReadings(() => readPackageHead(parts, blobKey))
    const pkginfo = head.get('.PKGINFO')
    return extraOf(parsePkginfo(new TextDecoder().decode(pkginfo)))
  } catch (fault) {
    if (fault instanceof FormatError) return { backup: [], xdata: [], unknown: [] }
    throw fault
  }
}
