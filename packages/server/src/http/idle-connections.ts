import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
}

/**
 * Closes connections on which no byte has moved for `timeout` milliseconds in either direction, also in the middle of a
 * body or of a download, unless it is the server that is at work: a held request may take as long as it likes.
 * Returns the handler by which it comes to know what happens on a connection.
 */
export function closeIdleConnections(
  server: Server,
  { timeout, handle }: { timeout: number; handle: RequestListener },
): RequestListener {
  const exchanges = new WeakMap<Socket, Exchange>()
  server.setTimeout(timeout)
  // Node counts every byte that comes or goes, also within one large write, and asks here before it would close.
  server.on('timeout', (socket) => {
    if (isServersTurn(exchanges.get(socket))) socket.setTimeout(timeout)
    else socket.destroy()
  })
  return (request, response) => {
    const exchange = exchanges.get(request.socket)
    if (exchange) Object.assign(exchange, { request, response })
    else exchanges.set(request.socket, { request, response })
    handle(request, response)
  }
}

/** It is the server's turn while it has the whole request, or bytes of it that it has not looked at, and nothing to send. */
function isServersTurn(exchange: Exchange | undefined): boolean {
  if (!exchange || exchange.response.writableEnded || exchange.response.writableLength > 0) return false
  return exchange.request.complete || exchange.request.readableLength > 0
}
