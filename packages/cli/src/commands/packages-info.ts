import { AppError, type BuildInformation, type Client, contract, type PackageInfo } from '@vieter/api'
import { Argument, type Command, Option } from 'commander'
import { formatBytes } from '../byte-size.ts'
import { addCommand, jsonOption, type Run } from '../command.ts'
import { type Field, formatFields } from '../fields.ts'
import type { Invocation } from '../invocation.ts'
import { formatLocalTime } from '../local-time.ts'
import { type Column, formatJson, formatRaw } from '../output.ts'
import { findNamed, type PlaceOptions, placeOptions } from './packages-place.ts'

interface InfoOptions extends PlaceOptions {
  build?: true
}

/** What is known of a package; `build` when it was asked for, and undefined when the package does not tell. */
type Known = PackageInfo & { build?: BuildInformation | undefined }

export function addPackagesInfoCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'info',
    description: 'show all that is known of a package',
    details: 'Of a package that several repositories or architectures hold, each is shown.',
    arguments: [new Argument('<name>', 'the name of the package')],
    options: [
      ...placeOptions(),
      new Option('--build', 'also show how it was built, and with what installed'),
      jsonOption(),
    ],
    examples: ['vieter packages info hello', 'vieter packages info hello --repo vieter --build'],
    async run(invocation: Invocation<InfoOptions>, name: string) {
      const { openClient, options, print, surroundings } = invocation
      const client = openClient()
      const known: Known[] = []
      for (const { repo, arch } of await findNamed(client, name, options)) {
        const params = { repo, arch, name }
        const info = await client.call(contract.getPackage, { params })
        known.push(options.build ? { ...info, build: await findBuild(client, params) } : info)
      }
      if (options.json) await print(formatJson(known))
      else if (options.raw) await print(formatRaw(rawColumns, known))
      else await print(known.map((each) => formatInfo(each, surroundings.stdout.columns)).join('\n'))
      return 0
    },
  })
}

async function findBuild(
  client: Client,
  params: { repo: string; arch: string; name: string },
): Promise<BuildInformation | undefined> {
  try {
    return await client.call(contract.getBuildInformation, { params })
  } catch (fault) {
    if (fault instanceof AppError && fault.code === 'FILE_NOT_FOUND') return undefined
    throw fault
  }
}

const rawColumns: readonly Column<Known>[] = [
  { heading: 'repo', value: (pkg) => pkg.repo },
  { heading: 'arch', value: (pkg) => pkg.arch },
  { heading: 'name', value: (pkg) => pkg.name },
  { heading: 'version', value: (pkg) => pkg.version },
  { heading: 'filename', value: (pkg) => pkg.filename },
  { heading: 'size', value: (pkg) => `${pkg.size}` },
  { heading: 'sha256', value: (pkg) => pkg.sha256 },
]

function formatInfo(pkg: Known, width: number | undefined): string {
  return formatFields([...fieldsOf(pkg), ...(pkg.build ? buildFieldsOf(pkg.build) : [])], width)
}

/** The headings that pacman has, and its order; then those that only the server knows. */
function fieldsOf(pkg: Known): Field[] {
  return [
    { heading: 'Repository', values: [pkg.repo] },
    { heading: 'Name', values: [pkg.name] },
    { heading: 'Base', values: [pkg.base] },
    { heading: 'Version', values: [pkg.version] },
    { heading: 'Description', values: [pkg.description] },
    { heading: 'Architecture', values: [describeArch(pkg)] },
    { heading: 'URL', values: [pkg.url] },
    { heading: 'Licenses', values: pkg.licenses },
    { heading: 'Groups', values: pkg.groups },
    { heading: 'Provides', values: pkg.provides },
    { heading: 'Depends On', values: pkg.depends },
    { heading: 'Optional Deps', values: pkg.optdepends, asLines: true },
    { heading: 'Make Deps', values: pkg.makedepends },
    { heading: 'Check Deps', values: pkg.checkdepends },
    { heading: 'Conflicts With', values: pkg.conflicts },
    { heading: 'Replaces', values: pkg.replaces },
    { heading: 'Backup Files', values: pkg.backup, asLines: true },
    { heading: 'Download Size', values: [formatBytes(pkg.size)] },
    { heading: 'Installed Size', values: [formatBytes(pkg.installed_size)] },
    { heading: 'Packager', values: [pkg.packager] },
    { heading: 'Build Date', values: [describeTime(pkg.build_date)] },
    { heading: 'Published', values: [describeTime(pkg.published_at)] },
    { heading: 'File', values: [pkg.filename] },
    { heading: 'SHA-256 Sum', values: [pkg.sha256] },
    { heading: 'Signed', values: [pkg.signed ? 'Yes' : 'No'] },
    ...optional('Extra Data', pkg.xdata),
    ...optional(
      'Unknown Fields',
      pkg.unknown.map(({ key, value }) => `${key} = ${value}`),
    ),
    ...optional(
      'Earlier Files',
      pkg.earlier.map(({ filename, removed_at }) => `${filename} (until ${formatLocalTime(removed_at)})`),
    ),
  ]
}

function buildFieldsOf(build: BuildInformation): Field[] {
  return [
    { heading: 'Build Tool', values: [`${build.build_tool} ${build.build_tool_version}`.trim()] },
    { heading: 'Build Folder', values: [build.build_dir] },
    { heading: 'Start Folder', values: [build.start_dir] },
    { heading: 'PKGBUILD Sum', values: [build.pkgbuild_sha256] },
    { heading: 'Environment', values: build.buildenv },
    { heading: 'Options', values: build.options },
    { heading: 'Installed Then', values: build.installed, asLines: true },
  ]
}

/** A field that hardly any package has is not worth a line that says so. */
function optional(heading: string, values: readonly string[]): Field[] {
  return values.length === 0 ? [] : [{ heading, values, asLines: true }]
}

function describeArch({ arch, package_arch }: Known): string {
  return package_arch === arch ? arch : `${package_arch} (in ${arch})`
}

function describeTime(epochSeconds: number): string {
  return epochSeconds === 0 ? '' : formatLocalTime(epochSeconds)
}
