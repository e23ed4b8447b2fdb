import { randomBytes } from 'node:crypto'

/** Numbers requests: a prefix of this process, so that two runs of a server hardly ever share an id, and a count. */
export function createRequestIds(): () => string {
  const prefix = randomBytes(4).toString('hex')
  let count = 0
  return () => {
    count += 1
    return prefix + count.toString(16).padStart(8, '0')
  }
}
