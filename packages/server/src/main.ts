import { readFileSync } from 'node:fs'
import type { Settings } from '@vieter/config'
import { destination, type Logger, pino } from 'pino'
import { createApp } from './app.ts'

interface RunOptions {
  /** Stops the server when it is aborted. */
  signal: AbortSignal
}

/**
 * Runs the server until it is told to stop; resolves after a clean stop. Its log goes to standard error, a JSON value
 * a line. Throws what `createApp` and `start` throw.
 */
export async function runServer(settings: Settings, { signal }: RunOptions): Promise<void> {
  const log = createLog(settings)
  if (settings.allow_local_sources) log.warn('allow_local_sources is on: for laboratories only')
  const app = await createApp({ settings, log, version: readVersion() })
  try {
    const port = await app.start()
    log.info({ host: settings.host, port }, 'the server is up')
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  } finally {
    await app.stop()
  }
  log.info('the server has stopped')
}

function createLog({ log_level }: Settings): Logger {
  const options = {
    level: log_level.toLowerCase(),
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['req.headers', 'headers'],
  }
  return pino(options, destination({ fd: process.stderr.fd, sync: true }))
}

function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
