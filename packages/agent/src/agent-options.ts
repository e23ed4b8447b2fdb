import { createHash } from 'node:crypto'
import { isArchitectureName } from '@vieter/alpm'
import { AppError } from '@vieter/api'
import { machineArchitecture, type Settings } from '@vieter/config'
import { type EngineAddress, parseEngineAddress } from './engine-address.ts'

/** What the agent must know about the machine that it runs on. */
export interface Machine {
  hostname: string
  /** As Node.js names it. */
  arch: string
  pid: number
  dockerHost: string | undefined
  /** `XDG_RUNTIME_DIR`, where Podman without root keeps its socket. */
  runtimeFolder: string | undefined
  temporaryFolder: string
  fileExists(path: string): boolean
}

const dockerSocket = '/var/run/docker.sock'

/** The first that is there: `engine_socket`, `DOCKER_HOST`, Docker's socket, Podman's sockets; else Docker's. */
export function engineAddress(settings: Pick<Settings, 'engine_socket'>, machine: Machine): EngineAddress {
  const told = settings.engine_socket ?? (machine.dockerHost || undefined)
  if (told !== undefined) return parseEngineAddress(told)
  const podman = machine.runtimeFolder ? [`${machine.runtimeFolder}/podman/podman.sock`] : []
  const candidates = [dockerSocket, ...podman, '/run/podman/podman.sock']
  return { socketPath: candidates.find((path) => machine.fileExists(path)) ?? dockerSocket }
}

/** The architecture to build for: the setting, else the machine's own. */
export function buildArchitecture(settings: Pick<Settings, 'arch'>, machine: Machine): string {
  const arch = settings.arch ?? machineArchitecture(machine.arch)
  if (arch !== undefined && isArchitectureName(arch)) return arch
  throw new AppError('CONFIGURATION_INVALID', {
    message: `pacman's name of this machine's architecture, ${JSON.stringify(machine.arch)}, is not known.`,
    hint: 'Set `arch` to the architecture to build for.',
  })
}

/** The name that leases and containers carry: the setting, else the host's name made fit. */
export function agentName(settings: Pick<Settings, 'agent_name'>, machine: Machine): string {
  if (settings.agent_name !== undefined) return settings.agent_name
  const name = machine.hostname.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 64)
  return name === ''
    ? `agent-${createHash('sha256').update(machine.hostname).digest('hex').slice(0, 8)}`
    : name
}
