import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How many requests a client may send ahead, before it has read the answers to those before. */
const maxAhead = 64

/**
 * Handles the requests of a connection one after the other. Node hands all of them over at once, so that a client could
 * have thousands of files opened for answers that it never reads; and it doesn't tell those that wait of a closed connection.
 */
export function takeTurns(handle: RequestListener): RequestListener {
  const waiting = new WeakMap<Socket, number>()
  return (request: IncomingMessage, response: ServerResponse) => {
    // A response has the connection once all responses before it are sent.
    if (response.socket !== null) return handle(request, response)
    const { socket } = request
    const ahead = (waiting.get(socket) ?? 0) + 1
    waiting.set(socket, ahead)
    if (ahead > maxAhead) return void socket.destroy()
    response.once('socket', () => {
      waiting.set(socket, (waiting.get(socket) ?? 1) - 1)
      handle(request, response)
    })
  }
}
