import { randomBytes } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '@vieter/api'
import { isErrnoException, syncFolder } from './files.ts'

/**
 * The API key kept in a file; at the first start a new one of 256 random bits is made, readable by its owner alone.
 * Throws CONFIGURATION_INVALID when the file holds no usable key.
 */
export async function openApiKey(path: string): Promise<string> {
  const key = (await readIfThere(path)) ?? (await makeKey(path))
  if (/^[\x21-\x7e]{1,512}$/.test(key)) return key
  throw new AppError('CONFIGURATION_INVALID', {
    message: `The file ${path} holds no usable API key.`,
    hint: 'Remove the file to have a new key made, or set `api_key`.',
  })
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (fault) {
    if (isErrnoException(fault) && fault.code === 'ENOENT') return undefined
    throw fault
  }
}

async function makeKey(path: string): Promise<string> {
  const key = randomBytes(32).toString('base64url')
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(`${key}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  await syncFolder(dirname(path))
  return key
}
