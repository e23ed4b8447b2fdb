declare const brand: unique symbol

/**
 * Marks a string type that only a parser makes: `string & Brand<'PackageName'>`. Nothing of it exists at run
 * time.
 */
export interface Brand<T extends string> {
  readonly [brand]: T
}

/** The name of a package or of a pkgbase, as PKGBUILD(5) allows it. */
export type PackageName = string & Brand<'PackageName'>

/** A full version as in .PKGINFO: `[epoch:]pkgver-pkgrel`. */
export type PackageVersion = string & Brand<'PackageVersion'>

/** The name of a repository, safe as a pacman.conf section, a URL segment and a folder name. */
export type RepositoryName = string & Brand<'RepositoryName'>

/** An architecture such as `x86_64`; `any` included, unless it went through parseConcreteArchitecture. */
export type ArchitectureName = string & Brand<'ArchitectureName'>

/** The file name of a package archive: `NAME-VERSION-ARCH.pkg.tar.zst`. */
export type PackageFilename = string & Brand<'PackageFilename'>
