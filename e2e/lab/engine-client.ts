import { createReadStream } from 'node:fs'
import { request } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/**
 * The few calls of the Docker Engine API (version 1.41) that the laboratory itself makes. It stands apart from the
 * agent's own driver, so that a test can look at an engine with other eyes.
 */
export interface EngineAnswer {
  readonly status: number
  readonly body: Buffer
}

export interface EngineCall {
  readonly method?: string
  readonly json?: unknown
  readonly stream?: Readable
}

/** Calls the engine at the socket. Throws only when it does not answer. */
export function callEngine(socket: string, path: string, call: EngineCall = {}): Promise<EngineAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: socket,
      path,
      method: call.method ?? 'GET',
      headers: call.json === undefined ? {} : { 'content-type': 'application/json' },
    })
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.once('error', reject)
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks) }))
    })
    if (call.stream) pipeline(call.stream, outgoing).catch(reject)
    else outgoing.end(call.json === undefined ? undefined : JSON.stringify(call.json))
  })
}

export async function engineAnswers(socket: string): Promise<boolean> {
  return callEngine(socket, '/_ping').then(
    ({ status }) => status === 200,
    () => false,
  )
}

/** Calls the engine and gives its JSON answer. Throws what the engine says when it refuses. */
export async function askEngine(socket: string, path: string, call: EngineCall = {}): Promise<unknown> {
  const { status, body } = await callEngine(socket, path, call)
  if (status >= 400) throw new Error(`The engine answered ${status} to ${path}: ${body.toString().trim()}`)
  return body.length === 0 ? undefined : JSON.parse(body.toString())
}

/** Makes an image of one layer from a tar file: `docker import`. */
export async function importImage(socket: string, tarFile: string, name: string): Promise<void> {
  const [repository, tag] = name.split(':')
  const query = new URLSearchParams({ fromSrc: '-', repo: repository ?? name, tag: tag ?? 'latest' })
  const { status, body } = await callEngine(socket, `/images/create?${query}`, {
    method: 'POST',
    stream: createReadStream(tarFile, { highWaterMark: 1 << 20 }),
  })
  const text = body.toString()
  if (status !== 200 || text.includes('"error"')) throw new Error(`The import of ${name} failed: ${text}`)
}

export interface ContainerSpec {
  readonly image: string
  readonly command: readonly string[]
  readonly user?: string
  readonly environment?: readonly string[]
  /** The HostConfig of the Engine API. */
  readonly hostConfig?: Readonly<Record<string, unknown>>
}

/** Runs a container to its end, removes it, and gives its exit code and its output, stdout and stderr together. */
export async function runContainer(
  socket: string,
  spec: ContainerSpec,
): Promise<{ code: number; output: string }> {
  const { Id: id } = (await askEngine(socket, '/containers/create', {
    method: 'POST',
    json: {
      Image: spec.image,
      Cmd: spec.command,
      User: spec.user ?? '',
      Env: spec.environment ?? [],
      HostConfig: spec.hostConfig ?? {},
    },
  })) as { Id: string }
  try {
    await askEngine(socket, `/containers/${id}/start`, { method: 'POST' })
    const { StatusCode: code } = (await askEngine(socket, `/containers/${id}/wait`, {
      method: 'POST',
    })) as { StatusCode: number }
    const { body } = await callEngine(socket, `/containers/${id}/logs?stdout=1&stderr=1`)
    return { code, output: joinLogFrames(body) }
  } finally {
    await callEngine(socket, `/containers/${id}?force=1&v=1`, { method: 'DELETE' })
  }
}

/** Strips the headers of 8 bytes (stream, three zeros, length) that the engine puts before each piece of output. */
function joinLogFrames(frames: Buffer): string {
  const pieces: Buffer[] = []
  for (let at = 0; at + 8 <= frames.length; ) {
    const length = frames.readUInt32BE(at + 4)
    pieces.push(frames.subarray(at + 8, at + 8 + length))
    at += 8 + length
  }
  return Buffer.concat(pieces).toString()
}
