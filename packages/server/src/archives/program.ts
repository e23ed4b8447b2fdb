import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { type Compression, FormatError } from '@vieter/alpm'
import { AppError } from '@vieter/api/app-error'
import type { Decoding } from './decoding.ts'
import { feed } from './feed.ts'

/** Compressions that are unpacked by a program of the system, where it has one. */
type ForeignCompression = Exclude<Compression, 'zstd' | 'gzip' | 'tar'>

/**
 * How each is told to unpack from its standard input to its output. lzip passes over garbage behind the end unless told;
 * bzip2 and lzop warn of it; gzip knows compress as well, whose format has no end to put something behind.
 */
const commands: Readonly<Record<ForeignCompression, readonly [string, ...string[]]>> = {
  xz: ['xz', '-dc', '-T1'],
  bzip2: ['bzip2', '-dc'],
  lz4: ['lz4', '-dc'],
  lzip: ['lzip', '-dc', '--trailing-error'],
  lzop: ['lzop', '-dc'],
  compress: ['gzip', '-dc'],
}

const mebibyte = 1024 * 1024

/** Bytes that a program needs beside a dictionary: what it uses, and what its code and libraries take of its addresses. */
const memory = { used: 8 * mebibyte, addressed: 64 * mebibyte }

/** Bytes of what a program complains of that are kept. */
const maxComplaint = 1000

/** A shell alone can set limits that outlive the start of another program. Its arguments: KiB, program, options. */
const limitedStart = 'ulimit -v "$1" && shift && exec "$@"'

interface ProgramOptions {
  /** The beginning of the bytes. */
  head: Uint8Array
  decoding: Decoding
  /** Bytes; that of lzip is found in `head`. */
  dictionarySize?: number
}

/**
 * Unpacks by a program, which is killed when the reading ends early, and cannot use more memory than its dictionary and
 * a little. It must end well and in silence: warnings are all that some have to say about garbage.
 * Throws FormatError for damage, truncation and garbage, and PACKAGE_INVALID where the program is missing.
 */
export async function* unpackByProgram(
  compression: ForeignCompression,
  bytes: AsyncIterable<Uint8Array>,
  {
    head,
    decoding,
    dictionarySize = compression === 'lzip' ? lzipDictionary(head, decoding) : 0,
  }: ProgramOptions,
): AsyncGenerator<Uint8Array> {
  await decoding.reserve(memory.used + dictionarySize)
  const [program, ...options] = commands[compression]
  const addressed = Math.ceil((memory.addressed + dictionarySize) / 1024)
  const child = spawn('/bin/sh', ['-c', limitedStart, 'sh', String(addressed), program, ...options], {
    // Nothing else: each of these programs takes options from a variable.
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' },
    signal: decoding.signal,
    killSignal: 'SIGKILL',
  })
  const ended = outcome(child)
  const fed = feedAll(child.stdin, bytes).catch((fault: Error) => {
    child.stdout.destroy(fault)
    return 0
  })
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>
    check(compression, await ended)
    const rest = await fed
    if (rest > 0)
      throw new FormatError('trailing-garbage', `Bytes follow the end of the ${compression} data.`)
  } finally {
    child.kill('SIGKILL')
  }
}

/** Feeds a program to the end of the bytes; answers how many there still were when it wanted no more. */
async function feedAll(input: Writable, bytes: AsyncIterable<Uint8Array>): Promise<number> {
  // Why a program has died is found by its exit.
  input.on('error', () => {})
  for await (const chunk of bytes) {
    if (input.destroyed) return chunk.length
    await feed(input, chunk)
  }
  input.end()
  return 0
}

interface Outcome {
  code: number | null
  complaint: string
}

/** Never rejects: a program that could not be started ended like one that is missing. */
async function outcome(child: ChildProcess & { stderr: Readable }): Promise<Outcome> {
  let complaint = ''
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, maxComplaint)
  })
  const failed = Promise.withResolvers<[null]>()
  child.once('error', () => failed.resolve([null]))
  const [code] = (await Promise.race([once(child, 'close'), failed.promise])) as [number | null]
  return { code: child.pid === undefined ? missing : code, complaint: complaint.trim() }
}

/** The exit code of a shell that does not find a program. */
const missing = 127

function check(compression: ForeignCompression, { code, complaint }: Outcome): void {
  const [program] = commands[compression]
  if (code === missing) {
    throw new AppError('PACKAGE_INVALID', {
      message: `To read what is compressed with ${compression} so, this server needs the program ${program}, which it does not have.`,
      hint: `Compress the package with zstd, or install ${program} on the server.`,
    })
  }
  if (code === 0 && complaint === '') return
  // Its words hold bytes of the archive: only what is plain text of them.
  const words = /[ -~]+/.exec(complaint.split('\n')[0] ?? '')?.[0] ?? `it ended with ${code}`
  throw new FormatError(
    'invalid',
    `The ${compression} data is damaged, ends too early, or goes on behind its end: ${program} says "${words}".`,
  )
}

/** Bytes 5 and 6 of a member (Lzip manual, File format). FormatError above the limit. */
function lzipDictionary(head: Uint8Array, { maxWindowSize }: Decoding): number {
  const coded = head[5] ?? 0
  const base = 2 ** (coded & 0x1f)
  const size = base - (base / 16) * (coded >>> 5)
  if (size <= maxWindowSize) return size
  throw new FormatError(
    'window-too-large',
    `The lzip file needs a dictionary of ${Math.ceil(size / mebibyte)} MiB; ${maxWindowSize / mebibyte} MiB are allowed.`,
    'dictionary',
  )
}
