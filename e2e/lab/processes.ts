import { type SpawnOptions, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'

/** How a program ended: its exit code (null when a signal ended it) and all it printed, as UTF-8. */
export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  /** The whole environment; default: that of this process. */
  readonly environment?: NodeJS.ProcessEnv
  readonly input?: string | Uint8Array
  /** Milliseconds after which the program is killed; default: two minutes. */
  readonly timeout?: number
}

/** Runs a program to its end, whatever its exit code. Throws only when it could not be started. */
export function run(
  program: string,
  options: readonly string[],
  settings: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, options, {
      cwd: settings.cwd,
      env: settings.environment ?? process.env,
      timeout: settings.timeout ?? 120_000,
      killSignal: 'SIGKILL',
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.once('error', reject)
    child.once('close', (code, signal) =>
      resolve({
        code,
        signal,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    )
    // A program that ends without having read its input breaks the pipe: its exit code tells what happened.
    child.stdin.on('error', () => {})
    child.stdin.end(settings.input ?? '')
  })
}

/** As `run`, but throws an error with everything that was printed when the exit code is not 0. */
export async function runChecked(
  program: string,
  options: readonly string[],
  settings: RunOptions = {},
): Promise<Outcome> {
  const outcome = await run(program, options, settings)
  if (outcome.code === 0) return outcome
  throw new Error(
    `${program} ${options.join(' ')} ended with ${outcome.code ?? outcome.signal}:\n${outcome.stdout}${outcome.stderr}`,
  )
}

/** A program that keeps running, with all it prints collected. */
export interface Service {
  readonly pid: number
  /** Everything printed so far, stdout and stderr in the order of arrival. */
  log(): string
  /** Resolves once the program has ended and all it printed has been read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  hasEnded(): boolean
  signal(signal: NodeJS.Signals): void
}

interface ServiceOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  /** A file that takes all that is printed as well. */
  readonly logFile?: string
}

/** Starts a program that keeps running. Throws when it cannot be started. */
export function startService(
  program: string,
  options: readonly string[],
  { logFile, ...settings }: ServiceOptions = {},
): Promise<Service> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, options, { ...settings, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks: Buffer[] = []
    const file = logFile === undefined ? undefined : createWriteStream(logFile)
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        file?.write(chunk)
      })
    }
    let over = false
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((settle) => {
      child.once('close', (code, signal) => {
        over = true
        file?.end()
        settle({ code, signal })
      })
    })
    child.once('error', reject)
    child.once('spawn', () => {
      resolve({
        pid: child.pid as number,
        log: () => Buffer.concat(chunks).toString(),
        ended,
        hasEnded: () => over,
        signal: (signal) => void child.kill(signal),
      })
    })
  })
}
