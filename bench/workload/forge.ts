import { constants, zstdCompressSync } from 'node:zlib'
import { architecture } from '../../e2e/lab/architecture.ts'
import { formatTar } from '../../e2e/lab/tar.ts'
import type { StockPackage } from './package-stock.ts'

/** The file of a package. */
export interface BenchPackage {
  readonly name: string
  readonly version: string
  readonly filename: string
  readonly bytes: Buffer
  /** How many paths it installs, folders included. */
  readonly pathCount: number
}

const blockSize = 512
const checksumAt = 148
const fileTemplate = headerOf('')
const folderTemplate = headerOf('/')

/**
 * Writes the archive of a package, whose files are all empty, at about a million paths a second: the laboratory's own
 * forge, made for a few packages, takes ten times as long. A higher release is a newer version of the same package.
 */
export function forge(pkg: StockPackage, release = 1): BenchPackage {
  const version = `${pkg.upstreamVersion}-${release}`
  const head = formatTar([{ name: '.PKGINFO', content: formatPkginfo(pkg, version), time: pkg.buildDate }])
  const metadata = head.subarray(0, -2 * blockSize)
  const paths = pkg.listFiles()
  const archive = Buffer.alloc(metadata.length + (paths.length + 2) * blockSize)
  metadata.copy(archive)
  let at = metadata.length
  for (const path of paths) {
    writeHeader(archive.subarray(at, at + blockSize), path)
    at += blockSize
  }
  const bytes = zstdCompressSync(archive, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
  const filename = `${pkg.name}-${version}-${architecture}.pkg.tar.zst`
  return { name: pkg.name, version, filename, bytes, pathCount: paths.length }
}

/** The header of an empty file or a folder, its name and its checksum (POSIX.1-2017, pax: ustar) left to be filled in. */
function headerOf(name: string): { readonly bytes: Buffer; readonly sum: number } {
  const bytes = Buffer.from(formatTar([{ name, time: 1_700_000_000 }]).subarray(0, blockSize))
  bytes.fill(0, 0, 100)
  bytes.fill(' ', checksumAt, checksumAt + 8)
  return { bytes, sum: bytes.reduce((total, byte) => total + byte, 0) }
}

function writeHeader(header: Buffer, path: string): void {
  const template = path.endsWith('/') ? folderTemplate : fileTemplate
  template.bytes.copy(header)
  header.write(path, 0, 'latin1')
  let sum = template.sum
  for (let index = 0; index < path.length; index++) sum += path.charCodeAt(index)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, checksumAt, 'latin1')
}

function formatPkginfo(pkg: StockPackage, version: string): string {
  const lists = {
    license: pkg.licenses,
    provides: pkg.provides,
    depend: pkg.depends,
    optdepend: pkg.optdepends,
    makedepend: pkg.makedepends,
  }
  return [
    `pkgname = ${pkg.name}`,
    `pkgbase = ${pkg.name}`,
    `pkgver = ${version}`,
    `pkgdesc = ${pkg.description}`,
    `url = ${pkg.url}`,
    `builddate = ${pkg.buildDate}`,
    `packager = ${pkg.packager}`,
    `size = ${pkg.installedSize}`,
    `arch = ${architecture}`,
    ...Object.entries(lists).flatMap(([key, values]) => values.map((value) => `${key} = ${value}`)),
    '',
  ].join('\n')
}
