export type {
  ArchitectureName,
  Brand,
  PackageFilename,
  PackageName,
  PackageVersion,
  RepositoryName,
} from './brand.ts'
export { type Buildinfo, formatBuildinfo, parseBuildinfo } from './buildinfo.ts'
export { compareBytes } from './byte-order.ts'
export { type Compression, detectCompression, extensionOf } from './compression.ts'
export { combineCrc32, crc32Shift } from './crc32-combine.ts'
export { databaseTar, readDatabase } from './database.ts'
export { type DatabaseEntry, databaseEntryTar } from './database-entry.ts'
export { readDatabaseNames } from './database-names.ts'
export { type Desc, type DescFile, type DescPkginfo, formatDesc, parseDesc } from './desc.ts'
export { formatFiles, parseFiles } from './files.ts'
export { FormatError, type FormatErrorReason, quote } from './format-error.ts'
export { gzipHeader, gzipTrailer } from './gzip-member.ts'
export type { KeyValue } from './key-values.ts'
export { formatMtree, type MtreeEntry, parseMtree } from './mtree.ts'
export {
  entryName,
  isArchitectureName,
  isPackageFilename,
  isPackageName,
  isPackageVersion,
  isRepositoryName,
  type PackageExtension,
  type PackageIdentity,
  packageFilename,
  parseArchitectureName,
  parseConcreteArchitecture,
  parseEntryName,
  parsePackageFilename,
  parsePackageName,
  parsePackageVersion,
  parseRepositoryName,
} from './names.ts'
export { type PackageContents, type PackageLimits, readPackage } from './package-archive.ts'
export { readPackageHead } from './package-head.ts'
export { formatPkginfo, type Pkginfo, parsePkginfo } from './pkginfo.ts'
export { decodeSignature } from './signature.ts'
export {
  type ArchLists,
  dependenciesFor,
  isDependency,
  packageNamesFor,
  packagesFor,
  parseSrcinfo,
  type Srcinfo,
  type SrcinfoPackage,
} from './srcinfo.ts'
export { readTar, readTarBody, type TarEntry, type TarEntryType, type TarLimits } from './tar-reader.ts'
export { type TarHeader, tarEnd, tarFile, tarHeader } from './tar-writer.ts'
export { compareVersions } from './version.ts'
export { inspectXz, type XzInspector, type XzNeeds } from './xz-blocks.ts'
export {
  inspectZstdFrames,
  type ZstdFrameInspector,
  type ZstdLimits,
  type ZstdPiece,
  zstdPieces,
} from './zstd-frames.ts'
