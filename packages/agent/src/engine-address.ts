import { AppError } from '@vieter/api'

/** Where a container engine listens: a socket in the file system, or a host with a port. */
export type EngineAddress =
  | { socketPath: string }
  | { protocol: 'http' | 'https'; host: string; port: number }

/** Text of `engine_socket` or `DOCKER_HOST` → address: a path, `unix://PATH`, `tcp://HOST[:PORT]`. */
export function parseEngineAddress(text: string): EngineAddress {
  if (text.startsWith('/')) return { socketPath: text }
  if (text.startsWith('unix:///')) return { socketPath: text.slice('unix://'.length) }
  const url = URL.parse(text)
  const protocol = url && ({ 'tcp:': 'http', 'http:': 'http', 'https:': 'https' } as const)[url.protocol]
  if (!url || !protocol || url.hostname === '') {
    throw new AppError('CONFIGURATION_INVALID', {
      message: `The address of the container engine, ${JSON.stringify(text.slice(0, 200))}, is neither the path of a socket nor tcp://HOST:PORT.`,
      hint: 'Set `engine_socket` to a path such as /var/run/docker.sock.',
    })
  }
  const port = url.port === '' ? (protocol === 'https' ? 2376 : 2375) : Number(url.port)
  return { protocol, host: url.hostname.replace(/^\[|\]$/g, ''), port }
}

export function formatEngineAddress(address: EngineAddress): string {
  if ('socketPath' in address) return address.socketPath
  return `${address.protocol === 'https' ? 'https' : 'tcp'}://${address.host}:${address.port}`
}
