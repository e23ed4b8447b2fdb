import type { StoredPackage } from './stored-package.ts'

/** The names by which a package could take the place of an official one: its own, and those that it says to replace. */
export function claimedNames({ name, replaces }: Pick<StoredPackage, 'name' | 'replaces'>): string[] {
  return [name, ...replaces.map((each) => each.replace(/[<>=].*$/, ''))]
}

/** What is said of a package with such names; undefined when none of them is official. */
export function describeClaim(
  pkg: Pick<StoredPackage, 'name' | 'replaces'>,
  listed: readonly { name: string; list: string }[],
): string | undefined {
  const claimed = new Set(claimedNames(pkg))
  const found = listed.find(({ name }) => claimed.has(name))
  if (!found) return undefined
  const { name, list } = found
  if (name === pkg.name) return `${name} is the name of a package in ${list}.`
  return `${pkg.name} says that it replaces ${name}, a package in ${list}: pacman would put it in its place.`
}
