import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import {
  type ArchitectureName,
  FormatError,
  type PackageFilename,
  packageFilename,
  packagesFor,
  readTar,
  type Srcinfo,
  type TarEntry,
} from '@vieter/alpm'
import { BuildFailure, exitCodes } from './build-failure.ts'
import { debugName } from './decide-build.ts'

/** A package that was taken out of a container, checked by name alone. */
export interface TakenPackage {
  filename: PackageFilename
  path: string
  /** Bytes. */
  size: number
}

const maxFiles = 1000

/** The names that a source's packages have on an architecture: those that must come, and those that may. */
function expectedFilenames(
  srcinfo: Srcinfo,
  arch: ArchitectureName,
): { required: ReadonlySet<PackageFilename>; optional: ReadonlySet<PackageFilename> } {
  const debug = { name: debugName(srcinfo), version: srcinfo.version, arch }
  return {
    required: new Set(packagesFor(srcinfo, arch).map((identity) => packageFilename(identity))),
    optional: new Set([packageFilename(debug)]),
  }
}

interface Taking {
  /** The archive of the container's folder, as an engine gives it: its entries lie under the folder's own name. */
  archive: AsyncIterable<Uint8Array>
  srcinfo: Srcinfo
  arch: ArchitectureName
  /** An existing folder of the agent's own, which nobody else can write to. */
  folder: string
  /** Bytes of all packages together. */
  maxSize: number
}

/**
 * Takes the packages out of the archive of a container's folder. The archive is hostile: it may hold regular files of
 * expected names in one flat folder, each once, and nothing else. Throws BuildFailure naming what does not belong.
 */
export async function takePackages(taking: Taking): Promise<TakenPackage[]> {
  const { required, optional } = expectedFilenames(taking.srcinfo, taking.arch)
  const expected = new Set([...required, ...optional])
  const taken = new Map<PackageFilename, TakenPackage>()
  let total = 0
  try {
    for await (const entry of readTar(taking.archive, { maxEntries: maxFiles + 1, maxNameLength: 512 })) {
      if (entry.type === 'directory' && /^(\.\/)?packages\/?$/.test(entry.name)) continue
      const filename = filenameOf(entry, expected)
      if (taken.has(filename)) throw refusal(`${filename} is there twice`)
      total += entry.size
      if (total > taking.maxSize) {
        throw refusal(
          `the packages are larger than ${taking.maxSize} bytes together`,
          'Raise `max_build_size`.',
        )
      }
      const path = join(taking.folder, filename)
      await pipeline(entry.body, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
      taken.set(filename, { filename, path, size: entry.size })
    }
  } catch (cause) {
    throw cause instanceof FormatError ? refusal(cause.message) : cause
  }
  const lacking = [...required].filter((filename) => !taken.has(filename))
  if (lacking.length > 0) throw refusal(`makepkg left no ${lacking.join(', ')}`)
  return [...taken.values()]
}

function filenameOf(entry: TarEntry, expected: ReadonlySet<string>): PackageFilename {
  const shown = JSON.stringify(entry.name.slice(0, 300))
  const filename = /^(?:\.\/)?packages\/([^/]+)$/.exec(entry.name)?.[1]
  if (entry.type !== 'file' || entry.sparse) throw refusal(`${shown} is not a regular file (${entry.type})`)
  if (filename === undefined) throw refusal(`${shown} does not lie in the folder of packages itself`)
  if (!expected.has(filename)) throw refusal(`${shown} is no package that this build should make`)
  return filename as PackageFilename
}

function refusal(reason: string, hint?: string): BuildFailure {
  const message = `What the build left cannot be taken: ${reason}.`.replace(/\.\.$/, '.')
  return new BuildFailure(exitCodes.agentFailed, message, hint === undefined ? {} : { hint })
}
