import { AppError } from '@vieter/api'
import type { StoredPackage } from './stored-package.ts'

/**
 * Whether a package may join those that are to be published together: no two may be for the same place in a database.
 * The same file may come again, for whoever was not told that it had arrived. Throws PACKAGE_TWICE.
 */
export function checkJoins(pkg: StoredPackage, others: readonly StoredPackage[]): void {
  const rival = others.find((other) => sharePlace(pkg, other) && !isSameFile(pkg, other))
  if (!rival) return
  const what = rival.filename === pkg.filename ? 'with other bytes' : `as ${rival.filename}`
  throw new AppError('PACKAGE_TWICE', {
    message: `The package ${pkg.name} is in the publication already, ${what}.`,
  })
}

function sharePlace(a: StoredPackage, b: StoredPackage): boolean {
  return a.name === b.name && (a.arch === b.arch || a.arch === 'any' || b.arch === 'any')
}

function isSameFile(a: StoredPackage, b: StoredPackage): boolean {
  return a.filename === b.filename && a.sha256 === b.sha256
}
