import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { startService } from './processes.ts'
import { makeScratch } from './scratch.ts'
import { findFreePort } from './vieter.ts'

/** What a private nginx does, in the words of nginx.conf. */
export interface NginxConfiguration {
  /** Lines of the `http` block, such as an `upstream`. */
  readonly http?: string
  /** Lines of its one `server` block, which listens on a free port of 127.0.0.1 already. */
  readonly server: string
}

/** A real nginx: one master and one worker, with a folder of its own. */
export interface Nginx {
  readonly address: string
  readonly port: number
  /** The master, which serves nothing by itself. */
  readonly pid: number
  /** The processes that do the work, whose CPU time counts. */
  workers(): Promise<number[]>
  /** All that it printed so far. */
  log(): string
  stop(): Promise<void>
}

/** Starts nginx and waits until it takes connections. Throws with its log when it refuses its configuration. */
export async function startNginx(configuration: NginxConfiguration): Promise<Nginx> {
  const scratch = await makeScratch('nginx')
  await mkdir(join(scratch.path, 'temporary'))
  const port = await findFreePort()
  await writeFile(join(scratch.path, 'nginx.conf'), formatConfiguration(configuration, port))
  const options = ['-p', `${scratch.path}/`, '-c', 'nginx.conf', '-e', 'stderr']
  const service = await startService('/usr/sbin/nginx', options)
  const stop = async () => {
    service.signal('SIGTERM')
    await service.ended
    await scratch.remove()
  }
  await eventually('nginx to take connections', async () => {
    if (!service.hasEnded()) return (await takesConnections(port)) || undefined
    await stop()
    throw new Error(`nginx ended at its start:\n${service.log()}`)
  })
  return {
    address: `http://127.0.0.1:${port}`,
    port,
    pid: service.pid,
    workers: () => childrenOf(service.pid),
    log: service.log,
    stop,
  }
}

/** A reverse proxy as it should stand before a server of ours: connections to it are kept and used again. */
export function reverseProxyTo(address: string, { connections = 16 } = {}): NginxConfiguration {
  return {
    http: `
      upstream proxied {
        server ${new URL(address).host};
        keepalive ${connections};
      }`,
    server: `
      location / {
        proxy_pass http://proxied;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $http_host;
        proxy_request_buffering off;
        client_max_body_size 0;
      }`,
  }
}

/** Workers run as root like everything in the laboratory, so that they may read its folders. */
function formatConfiguration({ http = '', server }: NginxConfiguration, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path temporary/${name};`,
  )
  return `
user root;
daemon off;
worker_processes 1;
pid nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  default_type application/octet-stream;
${temporary.join('\n')}
${http}
  server {
    listen 127.0.0.1:${port};
${server}
  }
}
`
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** See proc(5): /proc/PID/task/TID/children. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').map(Number)
}
