import { createReadStream, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runVieter } from '../src/run-vieter.ts'
import type { Sink, Surroundings } from '../src/surroundings.ts'
import { apiKey, type ContractServer } from './contract-server.ts'

interface Options {
  server?: ContractServer
  environment?: Record<string, string>
  home?: string
  /** The width of the terminal that standard output is; none: a pipe. */
  terminal?: number
  now?: Date
  /** Called instead of waiting. */
  onWait?: () => void
}

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** Runs one command line in this process, against a server if one is given, and tells all that came of it. */
export async function vieter(commandLine: readonly string[], options: Options = {}): Promise<Outcome> {
  const stdout = recorder(options.terminal)
  const stderr = recorder(options.terminal)
  const surroundings: Surroundings = {
    environment: {
      ...(options.server ? { VIETER_ADDRESS: options.server.address, VIETER_API_KEY: apiKey } : {}),
      ...options.environment,
    },
    home: options.home ?? '/nonexistent',
    machine: 'x64',
    stdout: stdout.sink,
    stderr: stderr.sink,
    fetch,
    now: () => options.now ?? new Date(),
    readFile: (path) => readFileSync(path, 'utf8'),
    readBytes: (path) => readFileSync(path),
    sizeOf: (path) => (statSync(path).isFile() ? statSync(path).size : undefined),
    readPieces: (path) => createReadStream(path),
    writeFiles(folder, files) {
      mkdirSync(folder, { recursive: true })
      for (const [name, text] of files) writeFileSync(join(folder, name), text)
    },
    wait: async () => options.onWait?.(),
    stopSignal: () => new AbortController().signal,
  }
  const code = await runVieter(surroundings, commandLine)
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

function recorder(terminal: number | undefined): { sink: Sink; text(): string } {
  const pieces: Uint8Array[] = []
  return {
    sink: {
      isTerminal: terminal !== undefined,
      columns: terminal,
      async write(chunk) {
        pieces.push(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk.slice())
      },
    },
    text: () => Buffer.concat(pieces).toString(),
  }
}
