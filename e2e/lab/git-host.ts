import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join, normalize } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { runChecked } from './processes.ts'
import { makeScratch } from './scratch.ts'

type Files = Readonly<Record<string, string | Uint8Array>>

/** An HTTP server for sources: git repositories over the smart protocol, and plain files. */
export interface GitHost {
  /** `http://ADDRESS:PORT`. */
  readonly address: string
  /** Makes a repository with one commit and gives its address. */
  addRepository(name: string, files: Files, options?: { branch?: string }): Promise<string>
  /** Adds a commit of these files to a branch, which is made from the default one when there is none; gives its id. */
  commit(name: string, files: Files, options?: { branch?: string }): Promise<string>
  /** Serves a file and gives its address. */
  addFile(path: string, content: string | Uint8Array): Promise<string>
  /** `METHOD /path?query` of each request so far. */
  readonly requests: readonly string[]
  stop(): Promise<void>
}

const identity = {
  GIT_AUTHOR_NAME: 'Laboratory',
  GIT_AUTHOR_EMAIL: 'lab@example.org',
  GIT_COMMITTER_NAME: 'Laboratory',
  GIT_COMMITTER_EMAIL: 'lab@example.org',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
}

/** Starts a host for sources on a free port of an address of this machine. */
export async function startGitHost(listenAddress = '127.0.0.1'): Promise<GitHost> {
  const scratch = await makeScratch('git')
  const folders = {
    bare: join(scratch.path, 'git'),
    work: join(scratch.path, 'work'),
    files: join(scratch.path, 'files'),
  }
  for (const folder of Object.values(folders)) await mkdir(folder)
  const requests: string[] = []
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`)
    answer(folders, incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, listenAddress, resolve)
  })
  const address = `http://${listenAddress}:${(server.address() as AddressInfo).port}`
  return {
    address,
    requests,
    async addRepository(name, files, { branch = 'main' } = {}) {
      await makeRepository(folders, name, branch)
      await addCommit(folders, { name, files, branch })
      return `${address}/git/${name}.git`
    },
    commit: (name, files, { branch = 'main' } = {}) => addCommit(folders, { name, files, branch }),
    async addFile(path, content) {
      await writeInside(folders.files, path, content)
      return `${address}/files/${path.split('/').map(encodeURIComponent).join('/')}`
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await scratch.remove()
    },
  }
}

interface Folders {
  readonly bare: string
  readonly work: string
  readonly files: string
}

async function makeRepository(folders: Folders, name: string, branch: string): Promise<void> {
  const bare = join(folders.bare, `${name}.git`)
  await git(['init', '--quiet', '--bare', `--initial-branch=${branch}`, bare])
  await git(['clone', '--quiet', bare, join(folders.work, name)])
}

async function addCommit(
  folders: Folders,
  { name, files, branch }: { name: string; files: Files; branch: string },
): Promise<string> {
  const work = join(folders.work, name)
  const known = await git(['-C', work, 'branch', '--list', branch])
  const isNew = known === '' && (await git(['-C', work, 'branch', '--show-current'])) !== branch
  // A repository without a commit has a current branch that does not exist: there is nothing to switch from.
  if (isNew) await git(['-C', work, 'checkout', '--quiet', '-b', branch, '--'])
  else if (known !== '') await git(['-C', work, 'checkout', '--quiet', branch, '--'])
  for (const [path, content] of Object.entries(files)) await writeInside(work, path, content)
  await git(['-C', work, 'add', '--all'])
  await git(['-C', work, 'commit', '--quiet', '--allow-empty', '--message', 'Change'])
  await git(['-C', work, 'push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`])
  return git(['-C', work, 'rev-parse', 'HEAD'])
}

async function git(options: readonly string[]): Promise<string> {
  const { stdout } = await runChecked('git', options, { environment: { ...process.env, ...identity } })
  return stdout.trim()
}

async function writeInside(folder: string, path: string, content: string | Uint8Array): Promise<void> {
  const target = join(folder, path)
  await mkdir(dirname(target), { recursive: true })
  await rm(target, { force: true })
  await writeFile(target, content)
}

async function answer(folders: Folders, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(incoming.url ?? '/', 'http://lab')
  if (pathname.startsWith('/git/')) {
    return runBackend(folders.bare, {
      incoming,
      outgoing,
      path: pathname.slice('/git'.length),
      query: search.slice(1),
    })
  }
  if (pathname.startsWith('/files/')) {
    const path = join(folders.files, normalize(decodeURIComponent(pathname.slice('/files'.length))))
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile()) {
      outgoing.writeHead(200, { 'content-length': found.size, 'content-type': 'application/octet-stream' })
      return pipeline(createReadStream(path), outgoing)
    }
  }
  outgoing.writeHead(404).end('Not here.\n')
}

interface Exchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly path: string
  readonly query: string
}

/** Hands a request to git-http-backend(1), a CGI program (RFC 3875), and its answer back. */
async function runBackend(root: string, { incoming, outgoing, path, query }: Exchange): Promise<void> {
  const { headers } = incoming
  const backend = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      ...identity,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: incoming.method ?? 'GET',
      PATH_INFO: decodeURIComponent(path),
      QUERY_STRING: query,
      CONTENT_TYPE: headers['content-type'] ?? '',
      ...(headers['content-length'] === undefined ? {} : { CONTENT_LENGTH: headers['content-length'] }),
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
      REMOTE_ADDR: incoming.socket.remoteAddress ?? '',
    },
  })
  pipeline(incoming, backend.stdin).catch(() => {})
  let head = Buffer.alloc(0)
  for await (const chunk of backend.stdout as AsyncIterable<Buffer>) {
    if (outgoing.headersSent) {
      outgoing.write(chunk)
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end === -1) continue
    writeCgiHead(outgoing, head.subarray(0, end).toString())
    outgoing.write(head.subarray(end + 4))
  }
  outgoing.end()
}

function writeCgiHead(outgoing: ServerResponse, head: string): void {
  let status = 200
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    const value = line.slice(colon + 1).trim()
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10)
    else outgoing.setHeader(name, value)
  }
  outgoing.writeHead(status)
  outgoing.flushHeaders()
}
