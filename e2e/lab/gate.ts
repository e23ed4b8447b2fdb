import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to a server on which a test can stop or cut a request. */
export interface Gate extends AsyncDisposable {
  readonly address: string
  /** Lets the next request whose head begins so, or the nth, come this far and no further; resolves when it has come. */
  hold(head: string, nth?: number): Promise<void>
  /** Cuts the connection of the next request whose head begins so, once the server has had the first piece of it. */
  cut(head: string): Promise<void>
}

interface Rule {
  readonly head: string
  readonly effect: 'hold' | 'cut'
  /** How many such requests to let through first. */
  skip: number
  met(): void
}

/** Opens a gate before a port of this machine. */
export async function openGate(port: number): Promise<Gate> {
  const rules: Rule[] = []
  const sockets = new Set<Socket>()

  function takeRule(piece: Buffer): Rule | undefined {
    const rule = rules.find(({ head }) => piece.toString('latin1', 0, head.length) === head)
    if (!rule) return undefined
    rule.skip -= 1
    return rule.skip < 0 ? rules.splice(rules.indexOf(rule), 1)[0] : undefined
  }

  const listener = createServer((client) => {
    const server = connect({ port, host: '127.0.0.1' })
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
    server.pipe(client)
    client.on('data', (piece: Buffer) => {
      const rule = takeRule(piece)
      if (rule?.effect === 'hold') client.pause()
      else if (!server.write(piece)) client.pause()
      if (rule?.effect === 'cut') server.write('', () => client.destroy())
      rule?.met()
    })
    server.on('drain', () => client.resume())
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')

  const add = (head: string, effect: Rule['effect'], nth = 1) =>
    new Promise<void>((resolve) => rules.push({ head, effect, skip: nth - 1, met: resolve }))
  return {
    address: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    hold: (head, nth) => add(head, 'hold', nth),
    cut: (head) => add(head, 'cut'),
    async [Symbol.asyncDispose]() {
      listener.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
