import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A connection on which a test says exactly what it wants. */
export interface RawConnection {
  socket: Socket
  send(text: string | Uint8Array): void
  /** Everything that came, once it matches. Throws when the server hangs up before. */
  until(pattern: RegExp): Promise<string>
  /** Everything that came before the server hung up, also when it did so with a reset. */
  untilClosed(): Promise<string>
}

export async function connectRaw(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => {
    socket.destroy()
  })
  await once(socket, 'connect')
  let received = ''
  let closed = false
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    received += text
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
  })
  async function change(): Promise<void> {
    const over = new AbortController()
    const events = ['data', 'close'].map((event) => once(socket, event, { signal: over.signal }))
    await Promise.race(events.map((event) => event.catch(() => {})))
    over.abort()
  }
  return {
    socket,
    send: (text) => socket.write(text),
    async until(pattern) {
      while (!pattern.test(received)) {
        if (closed) throw new Error(`the server hung up after ${JSON.stringify(received)}`)
        await change()
      }
      return received
    },
    async untilClosed() {
      while (!closed) await change()
      return received
    },
  }
}

/** The lines of a request, ended as HTTP wants it. */
export function lines(...texts: readonly string[]): string {
  return texts.map((text) => `${text}\r\n`).join('') + '\r\n'
}

/** Sends one request on a connection of its own and hands back everything that came. */
export async function askRaw(port: number, ...texts: readonly string[]): Promise<string> {
  const connection = await connectRaw(port)
  connection.send(lines(...texts, 'Connection: close'))
  return connection.untilClosed()
}
