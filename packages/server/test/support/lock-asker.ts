import { lockDataFolder } from '../../src/store/data-lock.ts'

/*
 * Tells whether the data folder that it is given is free.
 */

try {
  lockDataFolder(process.argv[2] ?? '')()
  process.stdout.write('free')
} catch (fault) {
  const { code, message } = fault as Error & { code?: string }
  process.stdout.write(`${code} ${message}`)
}
