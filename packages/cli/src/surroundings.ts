/** Where output goes. */
export interface Sink {
  /** Resolves when more can be written. */
  write(chunk: string | Uint8Array): Promise<void>
  isTerminal: boolean
  /** The terminal's width in columns; undefined when there is no terminal. */
  columns: number | undefined
}

/** All that a command sees of the process and the machine around it; `main.ts` alone makes it from the real ones. */
export interface Surroundings {
  environment: Readonly<Record<string, string | undefined>>
  /** The folder that `~` stands for. */
  home: string
  /** The machine's architecture as Node.js names it: x64, arm64 … */
  machine: string
  stdout: Sink
  stderr: Sink
  fetch: typeof fetch
  now(): Date
  /** Reads a small text file; throws Node's own error. */
  readFile(path: string): string
  /** The same for any file. */
  readBytes(path: string): Uint8Array<ArrayBuffer>
  /** Bytes of a file; undefined for what is no regular file. Throws Node's own error. */
  sizeOf(path: string): number | undefined
  /** Reads a file of any size piece by piece. While it is read it throws Node's own errors. */
  readPieces(path: string): AsyncIterable<Uint8Array>
  /** Makes a folder with its parents and writes files into it. */
  writeFiles(folder: string, files: ReadonlyMap<string, string>): void
  wait(milliseconds: number): Promise<void>
  /**
   * Aborts at the first SIGINT, SIGTERM or SIGHUP, with `Interrupted` as its reason; from then on a second signal ends the
   * process at once.
   * With `parent`, the end of standard input aborts it too: whoever holds the other end has died.
   */
  stopSignal(options?: { parent: boolean }): AbortSignal
}
