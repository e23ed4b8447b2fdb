import { createReadStream, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { WriteStream } from 'node:tty'
import { Interrupted } from './interrupted.ts'
import { runVieter } from './run-vieter.ts'
import type { Sink, Surroundings } from './surroundings.ts'

/** Bytes that are read of a large file at once. */
const pieceSize = 256 * 1024

const surroundings: Surroundings = {
  environment: process.env,
  home: homedir(),
  machine: process.arch,
  stdout: sinkOf(process.stdout),
  stderr: sinkOf(process.stderr),
  fetch,
  now: () => new Date(),
  readFile: (path) => readFileSync(path, 'utf8'),
  readBytes: (path) => readFileSync(path),
  sizeOf,
  readPieces: (path) => createReadStream(path, { highWaterMark: pieceSize }),
  writeFiles,
  wait: (milliseconds) => setTimeout(milliseconds),
  stopSignal,
}

const code = await runVieter(surroundings, process.argv.slice(2))
// An empty write ends after all before it: nothing is lost that a command did not wait for.
await Promise.all([surroundings.stdout.write(''), surroundings.stderr.write('')])
process.exit(code)

function sinkOf(stream: WriteStream): Sink {
  // A reader that goes away early, such as `head`, ends the program; it is no failure of its own.
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  return {
    isTerminal: stream.isTTY === true,
    columns: stream.isTTY ? stream.columns : undefined,
    write: (chunk) => new Promise((resolve) => stream.write(chunk, () => resolve())),
  }
}

function sizeOf(path: string): number | undefined {
  const found = statSync(path)
  return found.isFile() ? found.size : undefined
}

function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of files) writeFileSync(join(folder, name), text)
}

function stopSignal(options?: { parent: boolean }): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130)
      controller.abort(new Interrupted(signal))
    })
  }
  if (options?.parent) process.stdin.on('end', () => controller.abort()).resume()
  return controller.signal
}
