import { decodeSignature, FormatError } from '@vieter/alpm'
import type { Surroundings } from './surroundings.ts'
import { UsageError } from './usage-error.ts'

/** A package that lies here, and its signature where there is one. */
export interface PackageFile {
  path: string
  /** The last part of its path. */
  filename: string
  /** Bytes. */
  size: number
  /** In base64. */
  signature: string | undefined
}

/** Bytes: as the server takes them. */
const largestSignature = 16 * 1024

/**
 * The packages among some paths, in their order and each once. A path that ends in `.sig` is the signature of the package
 * beside it, which is found also when it was not named. Throws UsageError for what is neither.
 */
export function readPackageFiles(surroundings: Surroundings, paths: readonly string[]): PackageFile[] {
  const packages = new Set(paths.filter((path) => !path.endsWith('.sig')))
  for (const path of paths) {
    if (!path.endsWith('.sig') || packages.has(path.slice(0, -4))) continue
    throw new UsageError(
      `${path} is a signature, and its package is not among the files.`,
      `Name ${path.slice(0, -4)}: its signature comes with it.`,
    )
  }
  return [...packages].map((path) => readPackageFile(surroundings, path))
}

function readPackageFile(surroundings: Surroundings, path: string): PackageFile {
  const size = findSize(surroundings, path)
  if (size === undefined) throw new UsageError(`There is no file ${path}.`, 'Check the path.')
  const filename = path.slice(path.lastIndexOf('/') + 1)
  return { path, filename, size, signature: readSignature(surroundings, `${path}.sig`) }
}

/** Undefined when there is nothing. Throws UsageError for what is no regular file, and Node's own other errors. */
function findSize(surroundings: Surroundings, path: string): number | undefined {
  const size = statOf(surroundings, path)
  if (size === undefined || size.isFile) return size?.bytes
  throw new UsageError(`${path} is no file.`, 'Of a folder name the packages: FOLDER/*.pkg.tar.zst.')
}

function statOf({ sizeOf }: Surroundings, path: string): { isFile: boolean; bytes: number } | undefined {
  try {
    const bytes = sizeOf(path)
    return { isFile: bytes !== undefined, bytes: bytes ?? 0 }
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw fault
  }
}

function readSignature(surroundings: Surroundings, path: string): string | undefined {
  const size = findSize(surroundings, path)
  if (size === undefined) return undefined
  const hint = 'Make it with `gpg --detach-sign FILE`; `gpg --dearmor` makes a binary one of an armored one.'
  if (size > largestSignature)
    throw new UsageError(`${path} is larger than a signature may be: ${largestSignature} bytes.`, hint)
  const base64 = surroundings.readBytes(path).toBase64()
  try {
    decodeSignature(base64)
    return base64
  } catch (fault) {
    if (!(fault instanceof FormatError)) throw fault
    throw new UsageError(`${path}: ${fault.message}`, hint)
  }
}
