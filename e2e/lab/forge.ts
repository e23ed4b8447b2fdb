import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { formatTar, type TarMember } from './tar.ts'

/** What a package says of itself and what it installs. */
export interface PackageSpec {
  readonly name: string
  /** With its release and, if any, its epoch: `1:2.0-1`. */
  readonly version: string
  /** Default: `any`. */
  readonly arch?: string
  readonly base?: string
  readonly description?: string
  readonly depends?: readonly string[]
  readonly provides?: readonly string[]
  readonly conflicts?: readonly string[]
  readonly replaces?: readonly string[]
  /** Content by path without a leading slash: `usr/share/doc/one/readme`. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
}

/** The file of a package. */
export interface PackageFile {
  readonly name: string
  readonly version: string
  readonly arch: string
  readonly filename: string
  readonly bytes: Buffer
  /** Of the file, in hexadecimal digits. */
  readonly sha256: string
}

interface ForgeOptions {
  /** Members to leave out, such as `.PKGINFO`. */
  readonly without?: readonly string[]
  /** Lines put after those of the .PKGINFO. */
  readonly pkginfo?: readonly string[]
  /** Members put after all others. */
  readonly members?: readonly TarMember[]
}

const buildTime = 1_700_000_000

/**
 * Writes a package archive directly, as makepkg would (PKGBUILD(5), BUILDINFO(5)), in about a millisecond: for
 * tests that need hundreds of them, or some that makepkg would never make.
 */
export function forgePackage(spec: PackageSpec, options: ForgeOptions = {}): PackageFile {
  const arch = spec.arch ?? 'any'
  const payload = payloadMembers(spec.files ?? {})
  const members: TarMember[] = [
    { name: '.BUILDINFO', content: formatBuildinfo(spec, arch) },
    { name: '.PKGINFO', content: formatPkginfo(spec, arch, options.pkginfo ?? []) },
  ]
  const archive = formatTar(
    [...members, { name: '.MTREE', content: formatMtree([...members, ...payload]) }, ...payload]
      .filter((member) => !options.without?.includes(member.name))
      .concat(options.members ?? [])
      .map((member) => ({ time: buildTime, ...member })),
  )
  return describePackageFile({ ...spec, arch }, zstdCompressSync(archive))
}

/** Gives bytes the name that makepkg would. */
export function describePackageFile(
  {
    name,
    version,
    arch,
    extension = '.pkg.tar.zst',
  }: Pick<PackageFile, 'name' | 'version' | 'arch'> & { extension?: string },
  bytes: Buffer,
): PackageFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { name, version, arch, filename: `${name}-${version}-${arch}${extension}`, bytes, sha256 }
}

/** The package without its last bytes: a transfer that broke off. */
export function truncated(file: PackageFile, missingBytes = 16): PackageFile {
  return describePackageFile(file, file.bytes.subarray(0, file.bytes.length - missingBytes))
}

/** The package followed by bytes that belong to nothing. */
export function withTrailingGarbage(file: PackageFile, garbage = 'garbage'.repeat(16)): PackageFile {
  return describePackageFile(file, Buffer.concat([file.bytes, Buffer.from(garbage)]))
}

/** Writes a package into a folder and gives its path. */
export async function savePackage(file: PackageFile, folder: string): Promise<string> {
  const path = join(folder, file.filename)
  await writeFile(path, file.bytes)
  return path
}

function payloadMembers(files: Readonly<Record<string, string | Uint8Array>>): TarMember[] {
  const folders = new Set<string>()
  for (const path of Object.keys(files)) {
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth++) folders.add(`${parts.slice(0, depth).join('/')}/`)
  }
  const members: TarMember[] = [...folders].map((name) => ({ name }))
  for (const [name, content] of Object.entries(files)) {
    members.push({ name, content, mode: /(^|\/)bin\//.test(name) ? 0o755 : 0o644 })
  }
  return members.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function formatPkginfo(spec: PackageSpec, arch: string, extra: readonly string[]): string {
  const size = Object.values(spec.files ?? {}).reduce(
    (total, content) => total + Buffer.byteLength(content),
    0,
  )
  return [
    '# Written by the laboratory',
    `pkgname = ${spec.name}`,
    `pkgbase = ${spec.base ?? spec.name}`,
    `pkgver = ${spec.version}`,
    `pkgdesc = ${spec.description ?? `${spec.name} of the laboratory`}`,
    'url = https://example.org/',
    `builddate = ${buildTime}`,
    'packager = Laboratory <lab@example.org>',
    `size = ${size}`,
    `arch = ${arch}`,
    'license = MIT',
    ...(spec.replaces ?? []).map((name) => `replaces = ${name}`),
    ...(spec.conflicts ?? []).map((name) => `conflict = ${name}`),
    ...(spec.provides ?? []).map((name) => `provides = ${name}`),
    ...(spec.depends ?? []).map((name) => `depend = ${name}`),
    ...extra,
    '',
  ].join('\n')
}

function formatBuildinfo(spec: PackageSpec, arch: string): string {
  return [
    'format = 2',
    `pkgname = ${spec.name}`,
    `pkgbase = ${spec.base ?? spec.name}`,
    `pkgver = ${spec.version}`,
    `pkgarch = ${arch}`,
    `pkgbuild_sha256sum = ${'0'.repeat(64)}`,
    'packager = Laboratory <lab@example.org>',
    `builddate = ${buildTime}`,
    'builddir = /build',
    'startdir = /build',
    'buildtool = makepkg',
    'buildtoolver = 6.0.2',
    'buildenv = !distcc',
    'options = strip',
    '',
  ].join('\n')
}

function formatMtree(members: readonly TarMember[]): Buffer {
  const lines = members.map((member) => {
    const path = `./${member.name.replace(/\/$/, '').replaceAll(' ', '\\040')}`
    const mode = (member.mode ?? (member.name.endsWith('/') ? 0o755 : 0o644)).toString(8)
    if (member.name.endsWith('/')) return `${path} time=${buildTime}.0 mode=${mode} type=dir`
    const content = Buffer.from(member.content ?? '')
    const [md5, sha256] = ['md5', 'sha256'].map((name) => createHash(name).update(content).digest('hex'))
    const digests = `md5digest=${md5} sha256digest=${sha256}`
    return `${path} time=${buildTime}.0 mode=${mode} size=${content.length} type=file ${digests}`
  })
  return gzipSync(['#mtree', '/set uid=0 gid=0', ...lines, ''].join('\n'))
}
