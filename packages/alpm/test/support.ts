import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { FormatError, tarEnd, tarFile, tarHeader } from '../src/index.ts'

const encoder = new TextEncoder()

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

export function bytes(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

/** A stream of `whole`, cut into chunks of the given sizes, over and over. */
export async function* chunked(whole: Uint8Array, sizes: readonly number[] = [65_536]) {
  for (let at = 0, i = 0; at < whole.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1)
    yield whole.subarray(at, at + size)
    at += size
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Output of a real program. A missing program fails the test: nothing is skipped. */
export function run(
  command: string,
  args: readonly string[],
  options: { input?: Uint8Array | string; cwd?: string } = {},
): Buffer {
  return execFileSync(command, args, {
    ...options,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    maxBuffer: 1 << 28,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

/** A folder that any user may write to, removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vieter-alpm-'))
  chmodSync(folder, 0o777)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The FormatError that `attempt` throws, as `reason: message`; fails if it throws another error or none. */
export function refusal(attempt: () => unknown): string {
  try {
    attempt()
  } catch (error) {
    return describeRefusal(error)
  }
  throw new Error('Nothing was refused.')
}

export async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(() => {
    throw new Error('Nothing was refused.')
  }, describeRefusal)
}

function describeRefusal(error: unknown): string {
  if (error instanceof FormatError) return `${error.reason}: ${error.message}`
  throw error
}

/** Whether `error` may come out of a reader that was given damaged bytes. */
export function isFormatError(error: unknown): boolean {
  return error instanceof FormatError
}

export const minimalPkginfo = 'pkgname = hello\npkgver = 1.0-1\narch = any\n'

/** A tar of a package: names ending in a slash become directories, `->` makes a link. */
export function packageTar(entries: Readonly<Record<string, string>>): Uint8Array {
  const parts = Object.entries(entries).map(([name, content]) => {
    if (name.endsWith('/')) return tarHeader({ name, type: 'directory' })
    if (content.startsWith('->')) return tarHeader({ name, type: 'symlink', linkname: content.slice(2) })
    return tarFile(name, utf8(content))
  })
  return bytes(...parts, tarEnd())
}

/** A header block changed by hand, its checksum made right again. */
export function patchHeader(header: Uint8Array, patch: (block: Uint8Array) => void): Uint8Array {
  const block = Uint8Array.from(header)
  patch(block)
  block.fill(0x20, 148, 156)
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  block.set(utf8(`${sum.toString(8).padStart(6, '0')}\0 `), 148)
  return block
}
