import type { Server } from 'node:http'
import type { Logger } from 'pino'

interface ConnectionLimit {
  /** How many connections one address may hold; 0: no limit. */
  limit: number
  isExempt: (address: string) => boolean
  log: Logger
}

/** Milliseconds between two lines of the log about refused connections, which would otherwise be a flood themselves. */
const logInterval = 60_000

/** Closes the connections that an address opens beyond its limit. */
export function limitConnections(server: Server, { limit, isExempt, log }: ConnectionLimit): void {
  if (limit === 0) return
  const open = new Map<string, number>()
  const tell = createRefusalLog(log, limit)
  server.on('connection', (socket) => {
    const address = socket.remoteAddress
    if (address === undefined || isExempt(address)) return
    const count = open.get(address) ?? 0
    if (count >= limit) {
      socket.destroy()
      tell(address)
      return
    }
    open.set(address, count + 1)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left > 0) open.set(address, left)
      else open.delete(address)
    })
  })
}

function createRefusalLog(log: Logger, limit: number): (address: string) => void {
  let refused = 0
  let toldAt = Number.NEGATIVE_INFINITY
  return (address) => {
    refused += 1
    if (performance.now() - toldAt < logInterval) return
    log.info({ address, limit, refused }, 'a connection was closed: its address holds too many already')
    toldAt = performance.now()
    refused = 0
  }
}
