import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runChecked } from './processes.ts'

/** The calls of the C library that can be made to fail; `pwrite` stands for pwritev(2) as well, and so on. */
type FileCall =
  | 'fsync'
  | 'fdatasync'
  | 'write'
  | 'pwrite'
  | 'read'
  | 'pread'
  | 'ftruncate'
  | 'rename'
  | 'unlink'
  | 'mkdir'
  | 'open'

export interface FaultRule {
  readonly calls: readonly FileCall[]
  /** What the call ends with; KILL ends the whole process in front of the call, as a power cut would. */
  readonly error: 'EIO' | 'ENOSPC' | 'KILL'
  /** A glob for the whole path of the file, in which `*` takes slashes too. */
  readonly path: string
  /** How many such calls pass before; default: none. */
  readonly skip?: number
  /** How many fail; default: all until `heal`. */
  readonly count?: number
}

/** Makes system calls of a server fail; see fault-shim.c. */
export interface FaultShim {
  /** What the server's environment needs. */
  readonly environment: Readonly<Record<string, string>>
  /** Faults by this rule, and no other one any more, from now on. */
  fail(rule: FaultRule): Promise<void>
  /** From now on nothing fails. */
  heal(): Promise<void>
  /** A line for each fault so far: `CALL ERROR PATH`. */
  faults(): Promise<string[]>
  /** Moves the clock of the server so many seconds away from the real one. */
  shiftClock(seconds: number): Promise<void>
}

const source = fileURLToPath(new URL('./fault-shim.c', import.meta.url))

/** Compiles the shim into a folder, which also takes its control files. Takes a quarter of a second. */
export async function makeFaultShim(folder: string): Promise<FaultShim> {
  const library = join(folder, 'fault-shim.so')
  await runChecked('gcc', ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror', '-o', library, source])
  const files = {
    FAULT_SHIM_RULE: join(folder, 'fault-rule'),
    FAULT_SHIM_LOG: join(folder, 'fault-log'),
    FAULT_SHIM_CLOCK: join(folder, 'fault-clock'),
  }
  await writeFile(files.FAULT_SHIM_LOG, '')
  return {
    environment: { LD_PRELOAD: library, ...files },
    fail: ({ calls, error, path, skip = 0, count = -1 }) =>
      replaceFile(files.FAULT_SHIM_RULE, `${calls.join(',')} ${error} ${skip} ${count} ${path}\n`),
    heal: () => rm(files.FAULT_SHIM_RULE, { force: true }),
    async faults() {
      const lines = (await readFile(files.FAULT_SHIM_LOG, 'utf8')).split('\n')
      return lines.filter((line) => line !== '')
    },
    shiftClock: (seconds) => replaceFile(files.FAULT_SHIM_CLOCK, `${seconds}\n`),
  }
}

/** Whoever reads it meanwhile sees the old text or the new one. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}
