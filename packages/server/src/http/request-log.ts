import type { FastifyBaseLogger } from 'fastify'
import type { Bindings, Logger } from 'pino'

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** The log of one request: a child of the server's that is made with the first line, since most requests write none. */
class RequestLog {
  readonly #parent: Logger
  readonly #bindings: Bindings
  #child: Logger | undefined

  constructor(parent: Logger, bindings: Bindings) {
    this.#parent = parent
    this.#bindings = bindings
  }

  get level(): string {
    return this.#parent.level
  }

  child(bindings: Bindings): Logger {
    return this.#own().child(bindings)
  }

  fatal(...line: Parameters<Logger['fatal']>): void {
    this.#write('fatal', line)
  }

  error(...line: Parameters<Logger['error']>): void {
    this.#write('error', line)
  }

  warn(...line: Parameters<Logger['warn']>): void {
    this.#write('warn', line)
  }

  info(...line: Parameters<Logger['info']>): void {
    this.#write('info', line)
  }

  debug(...line: Parameters<Logger['debug']>): void {
    this.#write('debug', line)
  }

  trace(...line: Parameters<Logger['trace']>): void {
    this.#write('trace', line)
  }

  silent(): void {}

  #write(level: Level, line: Parameters<Logger['info']>): void {
    if (this.#parent.isLevelEnabled(level)) this.#own()[level](...line)
  }

  #own(): Logger {
    this.#child ??= this.#parent.child(this.#bindings)
    return this.#child
  }
}

export function createRequestLog(parent: FastifyBaseLogger, bindings: Bindings): FastifyBaseLogger {
  return new RequestLog(parent as Logger, bindings) as unknown as FastifyBaseLogger
}
