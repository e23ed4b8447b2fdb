import { execFileSync } from 'node:child_process'
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { readDatabase, tarEnd, tarFile, tarHeader } from '@vieter/alpm'

interface PackageOptions {
  name?: string
  version?: string
  arch?: string
  /** More lines of .PKGINFO. */
  pkginfo?: string
  /** More files in which it speaks of itself, such as .MTREE. */
  metadata?: Readonly<Record<string, string | Uint8Array>>
  /** Paths and texts of the files in it. */
  files?: Readonly<Record<string, string>>
}

export type Compression = keyof typeof compress

export const compress = {
  zst: (tar: Uint8Array): Buffer => zstdCompressSync(tar),
  gz: (tar: Uint8Array): Buffer => gzipSync(tar),
  xz: (tar: Uint8Array): Buffer => runProgram('xz', ['-c'], tar),
  bz2: (tar: Uint8Array): Buffer => runProgram('bzip2', ['-c'], tar),
  lz4: (tar: Uint8Array): Buffer => runProgram('lz4', ['-c'], tar),
  lzo: (tar: Uint8Array): Buffer => runProgram('lzop', ['-c'], tar),
  lz: (tar: Uint8Array): Buffer => runProgram('lzip', ['-c'], tar),
  Z: (tar: Uint8Array): Buffer => runProgram('compress', ['-cf'], tar),
  tar: (tar: Uint8Array): Buffer => Buffer.from(tar),
}

/** What a real program makes of an input. */
export function runProgram(program: string, options: readonly string[], input: Uint8Array): Buffer {
  return execFileSync(program, options, { input, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe'] })
}

const encoder = new TextEncoder()

/** The entries of a package's tar, without its end. */
export function packageEntries(options: PackageOptions = {}): Uint8Array[] {
  const {
    name = 'hello',
    version = '1.0-1',
    arch = 'x86_64',
    pkginfo = '',
    metadata = {},
    files = { 'usr/hello': 'hi\n' },
  } = options
  const text = `pkgname = ${name}\npkgver = ${version}\narch = ${arch}\nsize = 3\n${pkginfo}`
  return [
    tarFile('.PKGINFO', encoder.encode(text)),
    ...Object.entries(metadata).map(([path, content]) => tarFile(path, Buffer.from(content))),
    tarHeader({ name: 'usr/', type: 'directory' }),
    ...Object.entries(files).map(([path, content]) => tarFile(path, encoder.encode(content))),
  ]
}

export function packageTar(options: PackageOptions = {}): Buffer {
  return Buffer.concat([...packageEntries(options), tarEnd()])
}

/** A package that pacman could install. */
export function packageArchive(options: PackageOptions = {}, compression: Compression = 'zst'): Buffer {
  return compress[compression](packageTar(options))
}

/** The entries of a served database. */
export async function readServedDatabase(response: Response): ReturnType<typeof readDatabase> {
  const tar = gunzipSync(await response.bytes())
  return readDatabase(
    (async function* () {
      yield tar
    })(),
  )
}

/** `NAME-VERSION` of each entry of a served database. */
export async function entriesOf(response: Response): Promise<string[]> {
  return (await readServedDatabase(response)).map(({ name, version }) => `${name}-${version}`)
}
