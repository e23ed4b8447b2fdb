import type { FastifyReply, FastifyRequest } from 'fastify'

/** How much of a body that was refused is taken off the wire, in bytes and in milliseconds. */
const maxSize = 16 * 1024 * 1024
const maxTime = 10_000

/**
 * To be called before an answer is sent: throws away what is left of the request's body, so that its sender, who may
 * read only after having sent it all, comes to read the answer. A sender that goes on for too long is cut off.
 */
export function discardRest({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.complete) return
  // For `Connection: close` Node would close at once, which resets the connection under a client that still sends.
  reply.raw.shouldKeepAlive = true
  const { socket } = raw
  const timer = setTimeout(() => socket.destroy(), maxTime)
  let left = maxSize
  raw.on('data', (chunk: Uint8Array) => {
    left -= chunk.length
    if (left < 0) socket.destroy()
  })
  raw.once('end', () => {
    if (/\bclose\b/i.test(raw.headers.connection ?? '')) socket.end()
  })
  raw.once('close', () => clearTimeout(timer))
  raw.resume()
}
