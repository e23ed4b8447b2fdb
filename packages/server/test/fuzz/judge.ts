import { spawnSync } from 'node:child_process'
import { FormatError, formatDesc, packageFilename, parseDesc, parseFiles } from '@vieter/alpm'
import { AppError } from '@vieter/api'
import type { ArchiveFacts } from '../../src/archives/archive-facts.ts'
import { type ArchiveReaders, createArchiveReaders } from '../../src/archives/archive-readers.ts'

const mebibyte = 1024 * 1024
/** Far above what a damaged package of a few files can need. */
const limits = {
  maxUnpackedSize: 64 * mebibyte,
  maxRatio: 1_000,
  maxFiles: 1_000,
  maxWindowSize: 128 * mebibyte,
}

/** Milliseconds that a small archive may take. */
const patience = 2_000

interface Judge {
  /**
   * Reads an archive as an upload is read, and answers `CODE: message` of its refusal, or undefined if it was taken.
   * Throws with what is wrong: another error, a hang, an archive that bsdtar does not read as we do, an entry that
   * does not survive its database.
   */
  judge(archive: Buffer): Promise<string | undefined>
  stop(): Promise<void>
}

export function createJudge(): Judge {
  let readers = createArchiveReaders()

  /** A loaded machine can be slow once; what hangs does so again. */
  async function readPatiently(archive: Buffer): Promise<ArchiveFacts> {
    try {
      return await inTime(read(readers, archive))
    } catch (fault) {
      if (!(fault instanceof Hang)) throw fault
      await readers.stop()
      readers = createArchiveReaders()
      return inTime(read(readers, archive))
    }
  }

  return {
    async judge(archive) {
      const outcome = await readPatiently(archive).catch(refusalOf)
      if (typeof outcome === 'string') return outcome
      checkEntry(outcome)
      checkWithBsdtar(archive, outcome)
      return undefined
    },
    stop: () => readers.stop(),
  }
}

async function read(readers: ArchiveReaders, archive: Buffer): Promise<ArchiveFacts> {
  const reading = readers.open(limits)
  reading.read(archive).catch(() => {})
  reading.end()
  return reading.facts
}

class Hang extends Error {}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Hang(`It was read for more than ${patience} ms.`)), patience)
  })
  return Promise.race([work, hang]).finally(() => clearTimeout(timer))
}

function refusalOf(fault: unknown): string {
  if (fault instanceof FormatError) return `${fault.reason}: ${fault.message}`
  if (fault instanceof AppError) return `${fault.code}: ${fault.message}`
  throw fault
}

/** What goes into a database is read from there as the same, or it could not have its name there. */
function checkEntry({ pkginfo, files, size, sha256 }: ArchiveFacts): void {
  try {
    packageFilename(pkginfo)
  } catch (fault) {
    refusalOf(fault)
    return
  }
  const file = { filename: packageFilename(pkginfo), compressedSize: size, sha256 }
  const text = formatDesc(pkginfo, file)
  if (formatDesc(parseDesc(text).pkginfo, file) !== text)
    throw new Error(`This desc is not read as written:\n${text}`)
  if (`${['%FILES%', ...parseFiles(files)].join('\n')}\n` !== files)
    throw new Error(`This list is not read as written:\n${files}`)
}

/** bsdtar reads it to its end without a complaint, and sees the same paths. */
function checkWithBsdtar(archive: Buffer, { files }: ArchiveFacts): void {
  const { status, stdout, stderr } = spawnSync('bsdtar', ['-tf', '-'], {
    input: archive,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    maxBuffer: 1 << 28,
  })
  if (status !== 0)
    throw new Error(`It is taken, but bsdtar ends with ${status}: ${stderr.toString().split('\n')[0]}`)
  const theirs = stdout.toString().split('\n').slice(0, -1).map(unescapeListed)
  compareLists(parseFiles(files), theirs)
}

/** Directories without a slash at their end, which bsdtar lists as they are, get one from us: pacman does the same. */
function compareLists(files: readonly string[], listed: readonly string[]): void {
  const bare = (paths: readonly string[]) => new Set(paths.map((path) => path.replace(/\/+$/, '')))
  const [ours, theirs] = [bare(files), bare(listed.filter((path) => !path.startsWith('.')))]
  const [extra, missing] = [ours.difference(theirs), theirs.difference(ours)]
  if (extra.size + missing.size > 0)
    throw new Error(`It lists ${JSON.stringify([...extra])}, bsdtar ${JSON.stringify([...missing])}.`)
}

/** The path that stands behind a line of bsdtar's listing, which writes `\\n`, `\\\\`, and `\\ooo` for other bytes. */
function unescapeListed(line: string): string {
  const parts = line.split(/\\([0-7]{3}|.)/)
  return Buffer.concat(
    parts.map((part, index) => (index % 2 === 0 ? Buffer.from(part) : Buffer.of(escapedByte(part)))),
  ).toString()
}

function escapedByte(escaped: string): number {
  if (escaped.length === 3) return Number.parseInt(escaped, 8)
  const place = 'abtnvfr'.indexOf(escaped)
  return place < 0 ? escaped.charCodeAt(0) : 7 + place
}
