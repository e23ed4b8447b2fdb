import type { PackageSummary } from '@vieter/api'
import type { PackageSummaryRow } from '../store/package-search.ts'

/** What lists tell of a package in one arch-repo, and the first part of all that is known of it. */
export function summaryOf(
  row: Omit<PackageSummaryRow, 'archRepoId' | 'packageId'>,
  { repo, arch }: { repo: string; arch: string },
): PackageSummary {
  return {
    repo,
    arch,
    name: row.name,
    version: row.version,
    base: row.base,
    description: row.description,
    package_arch: row.arch,
    filename: row.filename,
    size: row.size,
    installed_size: row.installedSize,
    build_date: row.buildDate,
    published_at: row.publishedAt,
  }
}
