import { readFileSync } from 'node:fs'
import { loadSettings } from '@vieter/config'
import { runServer } from '../../src/main.ts'

/*
 * A server in a process of its own, configured by its environment, stopped by SIGTERM.
 */

const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
try {
  const settings = loadSettings({
    environment: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
  })
  await runServer(settings, { signal: stop.signal })
} catch (fault) {
  process.stderr.write(
    `${JSON.stringify({ code: (fault as { code?: string }).code, fault: String(fault) })}\n`,
  )
  process.exitCode = 1
}
