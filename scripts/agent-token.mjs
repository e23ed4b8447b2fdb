// The token of the agent that `npm start` runs beside its server.
import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * The file that holds the token, beside the API key; the first time it is made with the command `vieter`.
 * Throws when the server makes none.
 */
export async function openAgentToken({ dataDir, keyFile, options, environment }, [program, ...words]) {
  const path = join(dataDir, 'agent-token')
  if (existsSync(path)) return path
  const name = `npm start ${new Date().toISOString()}`
  const { stdout } = await promisify(execFile)(
    program,
    [...words, 'tokens', 'create', name, '--scope', 'agent', ...options],
    { env: { ...environment, VIETER_API_KEY_FILE: keyFile } },
  )
  writeFileSync(path, stdout, { mode: 0o600, flag: 'wx' })
  return path
}
