import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describePackageFile, type PackageFile, type PackageSpec } from './forge.ts'
import { runChecked } from './processes.ts'
import { makeScratch } from './scratch.ts'

/** nobody and nogroup, as which makepkg runs: it refuses to run as root. */
const nobody = 65534

/** Makes a package with real makepkg and writes it into the folder. Takes about half a second. */
export async function makePackage(
  spec: PackageSpec,
  folder: string,
  options: MakepkgOptions = {},
): Promise<PackageFile> {
  const files = Object.fromEntries(
    Object.entries(spec.files ?? {}).map(([path, content], index) => [
      `payload-${index}`,
      { path, content: Buffer.from(content) },
    ]),
  )
  const sources = Object.fromEntries(Object.entries(files).map(([name, { content }]) => [name, content]))
  const installs = Object.entries(files).map(([name, { path }]) => {
    const mode = /(^|\/)bin\//.test(path) ? '755' : '644'
    return `install -D -m ${mode} ${quote(name)} "$pkgdir"/${quote(path)}`
  })
  const pkgbuild = formatPkgbuild(spec, { sources: Object.keys(files), install: installs })
  const made = await makePackages(pkgbuild, sources, folder, options)
  const file = made.find((one) => one.name === spec.name)
  if (!file) throw new Error(`makepkg made no ${spec.name}.`)
  return file
}

interface MakepkgOptions {
  /** Default: `.pkg.tar.zst`. */
  readonly extension?: string
}

/**
 * Runs real makepkg, as nobody, on a PKGBUILD and the files beside it, and writes all packages that it makes into the
 * folder. Throws with makepkg's output when it fails.
 */
export async function makePackages(
  pkgbuild: string,
  sources: Readonly<Record<string, string | Uint8Array>>,
  folder: string,
  { extension = '.pkg.tar.zst' }: MakepkgOptions = {},
): Promise<PackageFile[]> {
  const scratch = await makeScratch('makepkg')
  try {
    const built = join(scratch.path, 'built')
    await writeTree(scratch.path, { ...sources, PKGBUILD: pkgbuild, 'built/.keep': '' })
    const identity = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--no-new-privs']
    await runChecked('setpriv', [...identity, 'makepkg', '--force', '--nodeps', '--noconfirm', '--nocolor'], {
      cwd: scratch.path,
      environment: {
        PATH: process.env.PATH,
        LANG: 'C.UTF-8',
        HOME: scratch.path,
        PKGDEST: built,
        PKGEXT: extension,
        PACKAGER: 'Laboratory <lab@example.org>',
      },
    })
    return await collectPackages(built, folder)
  } finally {
    await scratch.remove()
  }
}

interface PkgbuildParts {
  /** Names of the files beside the PKGBUILD. */
  readonly sources?: readonly string[]
  readonly makedepends?: readonly string[]
  /** Lines of shell text: the bodies of build() and package(). */
  readonly build?: readonly string[]
  readonly install?: readonly string[]
}

/** Formats the PKGBUILD of one package. All but the lines of `build` and `install` is quoted. */
export function formatPkgbuild(spec: PackageSpec, parts: PkgbuildParts = {}): string {
  const { epoch, version, release } = splitVersion(spec.version)
  const sources = parts.sources ?? []
  return [
    ...(spec.base === undefined ? [] : [`pkgbase=${quote(spec.base)}`]),
    `pkgname=${quote(spec.name)}`,
    ...(epoch === undefined ? [] : [`epoch=${epoch}`]),
    `pkgver=${quote(version)}`,
    `pkgrel=${quote(release)}`,
    `pkgdesc=${quote(spec.description ?? `${spec.name} of the laboratory`)}`,
    `arch=(${quote(spec.arch ?? 'any')})`,
    "url='https://example.org/'",
    "license=('MIT')",
    `depends=${list(spec.depends)}`,
    `makedepends=${list(parts.makedepends)}`,
    `provides=${list(spec.provides)}`,
    `conflicts=${list(spec.conflicts)}`,
    `replaces=${list(spec.replaces)}`,
    `source=${list(sources)}`,
    `sha256sums=${list(sources.map(() => 'SKIP'))}`,
    ...(parts.build === undefined ? [] : ['build() {', ...parts.build.map((line) => `  ${line}`), '}']),
    'package() {',
    '  :',
    ...(parts.install ?? []).map((line) => `  ${line}`),
    '}',
    '',
  ].join('\n')
}

/** Writes files under a folder and gives the folder and all of them to nobody. */
async function writeTree(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  await chown(folder, nobody, nobody)
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
    await chown(dirname(path), nobody, nobody)
    await chown(path, nobody, nobody)
  }
}

async function collectPackages(built: string, folder: string): Promise<PackageFile[]> {
  const filenames = (await readdir(built)).filter((name) => name !== '.keep')
  const packages: PackageFile[] = []
  for (const filename of filenames.sort()) {
    const [, name, version, arch, extension] =
      /^(.+)-([^-]+-[^-]+)-([^-.]+)(\.pkg\.tar.*)$/.exec(filename) ?? []
    if (!name || !version || !arch || !extension)
      throw new Error(`makepkg made the strange file ${filename}.`)
    const bytes = await readFile(join(built, filename))
    await writeFile(join(folder, filename), bytes)
    packages.push(describePackageFile({ name, version, arch, extension }, bytes))
  }
  return packages
}

function splitVersion(full: string): { epoch?: string; version: string; release: string } {
  const [, epoch, version, release] = /^(?:(\d+):)?([^-:]+)-([^-:]+)$/.exec(full) ?? []
  if (!version || !release) throw new Error(`${full} is not a version with a release.`)
  return { version, release, ...(epoch === undefined ? {} : { epoch }) }
}

function list(values: readonly string[] = []): string {
  return `(${values.map(quote).join(' ')})`
}

/** Quotes for the shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
