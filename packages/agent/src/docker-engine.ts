import { createInterface } from 'node:readline'
import { tarEnd, tarFile } from '@vieter/alpm'
import { AppError } from '@vieter/api'
import Docker from 'dockerode'
import { withAbort } from './abort.ts'
import { BuildFailure, exitCodes } from './build-failure.ts'
import { script } from './commands.ts'
import {
  agentLabel,
  type Command,
  type Container,
  type ContainerSpec,
  type Engine,
  type Sink,
} from './engine.ts'
import { type EngineAddress, formatEngineAddress } from './engine-address.ts'
import { splitOutput } from './exec-output.ts'

/**
 * What root in a container keeps of its power: what pacman needs to unpack files of any owner, to set capabilities on
 * them and to change users and root for its hooks. No device nodes, no raw sockets, no mounts. Those of the builder are
 * none at all, and no-new-privileges lets no program give it any.
 */
const rootCapabilities = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETFCAP',
  'SETGID',
  'SETUID',
  'SYS_CHROOT',
]
const maxProcesses = 8192
/** fakeroot closes every number up to the limit when it starts, which takes minutes under a limit of 2^30. */
const maxOpenFiles = 16_384
/** Of one user. Podman raises a limit that is not given, which fails where it runs confined itself. */
const maxUserProcesses = 32_768
const ulimits = [
  { Name: 'nofile', Soft: maxOpenFiles, Hard: maxOpenFiles },
  { Name: 'nproc', Soft: maxUserProcesses, Hard: maxUserProcesses },
]

/** Drives Docker, or Podman's service, over the Docker Engine API. */
export function dockerEngine(address: EngineAddress): Engine {
  const docker = new Docker(address)
  const call = <T>(promise: Promise<T>) =>
    promise.catch((cause) => Promise.reject(engineError(address, cause)))
  return {
    async describe() {
      const { Version, Components } = await call(docker.version())
      const component = Components?.[0]?.Name ?? 'Engine'
      return { name: component === 'Engine' ? 'Docker' : component.replace(/ Engine$/, ''), version: Version }
    },
    async findImage(name) {
      const found = await unlessMissing(call(docker.getImage(name).inspect()))
      return found && { id: found.Id, labels: found.Config?.Labels ?? {} }
    },
    async pullImage(name, output, signal) {
      const stream = await call(docker.pull(name, { abortSignal: signal }))
      await withAbort(followPull(stream, output), signal)
    },
    async removeImage(id) {
      await unlessMissing(call(docker.getImage(id).remove())).catch((error) => {
        if (statusOf(error) !== 409) throw error
      })
    },
    async removeLeftovers(agent) {
      const own = { label: [`${agentLabel}=${agent}`] }
      const ended = { label: [agentLabel], status: ['exited', 'dead'] }
      const lists = await Promise.all(
        [own, ended].map((filters) => call(docker.listContainers({ all: true, filters }))),
      )
      const ids = new Set(lists.flat().map(({ Id }) => Id))
      for (const id of ids) await call(removeContainer(docker.getContainer(id)))
      return ids.size
    },
    async start(spec, signal) {
      signal.throwIfAborted()
      const container = await call(docker.createContainer(creationOf(spec)))
      try {
        await call(container.start())
        const details = await call(container.inspect())
        const gateway = Object.values(details.NetworkSettings.Networks)[0]?.Gateway || undefined
        signal.throwIfAborted()
        return containerOf({ address, container, gateway, signal })
      } catch (error) {
        await removeContainer(container).catch(() => undefined)
        throw error
      }
    },
  }
}

function creationOf(spec: ContainerSpec): Docker.ContainerCreateOptions {
  return {
    name: spec.name,
    Image: spec.image,
    Entrypoint: [],
    Cmd: ['sleep', String(spec.lifetime)],
    User: 'root',
    WorkingDir: '/',
    Labels: spec.labels,
    HostConfig: {
      Init: true,
      NetworkMode: spec.network,
      Memory: spec.memory,
      ...(spec.memory > 0 ? { MemorySwap: spec.memory } : {}),
      PidsLimit: maxProcesses,
      Ulimits: ulimits,
      CapDrop: ['ALL'],
      CapAdd: rootCapabilities,
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'none', Config: {} },
    },
  }
}

interface Started {
  address: EngineAddress
  container: Docker.Container
  gateway: string | undefined
  signal: AbortSignal
}

function containerOf({ address, container, gateway, signal }: Started): Container {
  let removed: Promise<void> | undefined
  const remove = () => {
    removed ??= removeContainer(container).catch((cause) => Promise.reject(engineError(address, cause)))
    return removed
  }
  const onAbort = () => void remove().catch(() => undefined)
  signal.addEventListener('abort', onAbort, { once: true })
  const call = <T>(promise: Promise<T>) =>
    withAbort(promise, signal).catch((cause) => {
      signal.throwIfAborted()
      throw engineError(address, cause)
    })
  return {
    gateway,
    run: (command, output) => call(runCommand(container, command, output)),
    async putFile(folder, name, text) {
      const archive = Buffer.concat([tarFile(name, Buffer.from(text)), tarEnd()])
      await call(container.putArchive(archive, { path: folder }))
    },
    async halt() {
      await call(container.kill())
      await call(container.wait())
    },
    async readFolder(path) {
      const stream = await unlessMissing(call(container.getArchive({ path })))
      return stream && bytesOf(stream)
    },
    async commit(image) {
      const [repo, tag] = image.split(':')
      await call(container.commit({ repo, tag }))
    },
    async remove() {
      signal.removeEventListener('abort', onAbort)
      await remove()
    },
  }
}

async function runCommand(
  container: Docker.Container,
  command: Command,
  output: { stdout: Sink; stderr: Sink },
): Promise<number> {
  // The engine keeps no order between the channels. Where both go to one place, they are made one in the container.
  const isMerged = output.stdout === output.stderr
  const exec = await container.exec({
    Cmd: isMerged ? script('exec "$@" 2>&1', ...command.argv) : [...command.argv],
    User: command.user,
    WorkingDir: command.folder ?? '/',
    Env: Object.entries(command.environment ?? {}).map(([name, value]) => `${name}=${value}`),
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
  })
  const stream = await exec.start({ hijack: true, stdin: false })
  try {
    for await (const { channel, bytes } of splitOutput(bytesOf(stream))) await output[channel](bytes)
  } finally {
    stream.destroy()
  }
  const { ExitCode } = await exec.inspect()
  return ExitCode ?? exitCodes.agentFailed
}

/** The lines of a pull. Podman tells a failure in the last one of an answer with status 200. */
async function followPull(stream: NodeJS.ReadableStream, output: Sink): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue
    const item: { status?: string; id?: string; error?: string; progressDetail?: { current?: number } } =
      JSON.parse(line)
    if (item.error !== undefined) throw new BuildFailure(exitCodes.agentFailed, item.error)
    if (item.status === undefined || item.progressDetail?.current !== undefined) continue
    await output(Buffer.from(`${item.id ? `${item.id}: ` : ''}${item.status}\n`))
  }
}

function bytesOf(stream: NodeJS.ReadableStream): AsyncIterable<Uint8Array> {
  return stream as AsyncIterable<unknown> as AsyncIterable<Uint8Array>
}

/** 404: gone already. 409: its removal is under way. */
async function removeContainer(container: Docker.Container): Promise<void> {
  try {
    await container.remove({ force: true, v: true })
  } catch (error) {
    if (![404, 409].includes(statusOf(error) ?? 0)) throw error
  }
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (statusOf(error) === 404) return undefined
    throw error
  }
}

/** The HTTP status of an engine's refusal, also behind the BuildFailure made of it. */
function statusOf(error: unknown): number | undefined {
  const inner = error instanceof BuildFailure ? error.cause : error
  return (inner as { statusCode?: number } | undefined)?.statusCode
}

/** A refusal of the engine becomes a BuildFailure with its reason, a failed connection ENGINE_UNREACHABLE. */
function engineError(address: EngineAddress, cause: unknown): unknown {
  if (cause instanceof BuildFailure || cause instanceof AppError) return cause
  const { statusCode, json, code, message } = cause as {
    statusCode?: number
    json?: { message?: string; cause?: string } | null
    code?: string
    message?: string
  }
  if (statusCode !== undefined) {
    const told = json?.message ?? json?.cause ?? message?.replace(/^\(HTTP code \d+\) [^-]* - /, '')
    const reason = told?.trim() || `status ${statusCode}`
    return new BuildFailure(exitCodes.agentFailed, `The container engine refuses: ${reason}`, { cause })
  }
  if (code === undefined) return cause
  const place = formatEngineAddress(address)
  const denied = code === 'EACCES' || code === 'EPERM'
  return new AppError('ENGINE_UNREACHABLE', {
    message: denied
      ? `The container engine's socket ${place} may not be used by this user.`
      : `No container engine answers at ${place}: ${message ?? code}.`,
    ...(denied ? { hint: 'Add the user to the group that owns the socket (docker), or run as root.' } : {}),
    cause,
  })
}
