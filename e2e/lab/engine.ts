import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { askEngine, callEngine, engineAnswers } from './engine-client.ts'
import { eventually } from './eventually.ts'
import { run, runChecked, type Service, startService } from './processes.ts'

/** A private Docker daemon with its own data, sockets and bridge. */
export interface Engine {
  /** The path of its socket. */
  readonly socket: string
  /** The address under which its containers reach services of this network namespace. */
  readonly gateway: string
  /** What the daemon has printed so far. */
  log(): string
  stop(): Promise<void>
}

const folderPrefix = 'vieter-lab-engine-'
/** How long a folder without a daemon may be one that is about to get it, in milliseconds. */
const startingTime = 60_000
const daemonProgram = /^[^\0]*\b(dockerd|containerd|containerd-shim-runc-v2|runc)\0/

/**
 * Starts a Docker daemon, in about half a second. It makes a bridge and packet filter rules, so it wants a network
 * namespace of its own (`unshare --net`, as scripts/test.mjs does) and throws in one that has an uplink: no network
 * of the machine is ever touched. Several daemons may run in one namespace. Leftovers of killed runs are removed.
 */
export async function startEngine(): Promise<Engine> {
  refuseSharedNetwork()
  await removeStaleEngines()
  const folder = await mkdtemp(join(tmpdir(), folderPrefix))
  const bridge = await makeBridge()
  try {
    await writeFile(join(folder, 'owner'), await describeOwner())
    await writeFile(join(folder, 'bridge'), `${await readlink('/proc/self/ns/net')} ${bridge.name}`)
    await mkdir(join(folder, 'home'))
    await writeFile(join(folder, 'daemon.json'), '{}')
    const daemon = await startDaemon(folder, bridge.name)
    const socket = join(folder, 'docker.sock')
    await eventually('the container engine to answer', async () => {
      if (daemon.hasEnded()) throw new Error(`dockerd ended at its start:\n${daemon.log()}`)
      return (await engineAnswers(socket)) || undefined
    })
    return { socket, gateway: bridge.gateway, log: daemon.log, stop: () => stopEngine(folder, daemon) }
  } catch (error) {
    await removeEngine(folder)
    throw error
  }
}

function refuseSharedNetwork(): void {
  const foreign = Object.keys(networkInterfaces()).filter(
    (name) => !/^(lo|docker\d*|br-|vieterlab|veth)/.test(name),
  )
  if (foreign.length === 0) return
  throw new Error(
    `This network namespace has the interface ${foreign[0]}. A container engine of the laboratory wants one without` +
      ' uplink: run the tests through `node scripts/test.mjs`.',
  )
}

/** Makes a bridge in the first free of 200 small networks. Two processes may look for one at the same time. */
async function makeBridge(): Promise<{ name: string; gateway: string }> {
  for (let number = 1; number <= 200; number++) {
    const name = `vieterlab${number}`
    const gateway = `10.213.${number}.1`
    const { code } = await run('ip', ['link', 'add', 'name', name, 'type', 'bridge'])
    if (code !== 0) continue
    await runChecked('ip', ['address', 'add', `${gateway}/24`, 'dev', name])
    await runChecked('ip', ['link', 'set', name, 'up'])
    return { name, gateway }
  }
  throw new Error('No bridge could be made: are you root, in a network namespace of your own?')
}

function startDaemon(folder: string, bridge: string): Promise<Service> {
  const options = {
    'data-root': join(folder, 'data'),
    'exec-root': join(folder, 'exec'),
    pidfile: join(folder, 'pid'),
    host: `unix://${join(folder, 'docker.sock')}`,
    // The machine's own daemon.json must not matter.
    'config-file': join(folder, 'daemon.json'),
    bridge,
    'shutdown-timeout': '1',
  }
  return startService(
    'dockerd',
    Object.entries(options).map(([name, value]) => `--${name}=${value}`),
    {
      env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin`, HOME: join(folder, 'home') },
      logFile: join(folder, 'log'),
    },
  )
}

async function stopEngine(folder: string, daemon: Service): Promise<void> {
  if (!daemon.hasEnded()) {
    await killContainers(join(folder, 'docker.sock'))
    daemon.signal('SIGTERM')
  }
  const forced = setTimeout(() => daemon.signal('SIGKILL'), 20_000)
  await daemon.ended
  clearTimeout(forced)
  await removeEngine(folder)
}

/** The daemon itself would ask them to end and wait for ten seconds. */
async function killContainers(socket: string): Promise<void> {
  const containers = (await askEngine(socket, '/containers/json').catch(() => [])) as { Id: string }[]
  await Promise.all(
    containers.map(({ Id }) =>
      callEngine(socket, `/containers/${Id}/kill`, { method: 'POST' }).catch(() => {}),
    ),
  )
}

/** Removes all of an engine: its processes by their ids, its mounts, its bridge, its folder. */
async function removeEngine(folder: string): Promise<void> {
  for (const pid of await findProcesses(folder)) killProcess(pid)
  await eventually('the processes of an engine to end', async () =>
    (await findProcesses(folder)).length === 0 ? true : undefined,
  )
  const mounts = await readFile('/proc/self/mounts', 'utf8')
  for (const line of mounts.split('\n').reverse()) {
    const [, point] = line.split(' ')
    if (point?.startsWith(`${folder}/`)) await run('umount', ['--lazy', point])
  }
  const [network, bridge] = (await readFile(join(folder, 'bridge'), 'utf8').catch(() => '')).split(' ')
  // A bridge of that name in another network namespace is another engine's.
  if (bridge && network === (await readlink('/proc/self/ns/net'))) await run('ip', ['link', 'delete', bridge])
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** The ids of an engine's processes: those that name its folder (dockerd, containerd, shims) and its containers'. */
async function findProcesses(folder: string): Promise<number[]> {
  const containers = await readdir(join(folder, 'data/containers')).catch(() => [])
  const found: number[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const cgroup = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')
    const isDaemon = daemonProgram.test(command) && command.includes(folder)
    if (isDaemon || containers.some((id) => cgroup.includes(id))) found.push(Number(pid))
  }
  return found
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself in between.
  }
}

/** Removes what test processes that were killed have left. An engine whose owner lives is never touched. */
async function removeStaleEngines(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(folderPrefix)) continue
    const folder = join(tmpdir(), name)
    if (await isStale(folder)) await removeEngine(folder)
  }
}

async function isStale(folder: string): Promise<boolean> {
  const owner = await readFile(join(folder, 'owner'), 'utf8').catch(() => undefined)
  const [namespace, pid, started] = owner?.split(' ') ?? []
  if (namespace === (await readlink('/proc/self/ns/pid')) && pid !== undefined) {
    return (await findStart(pid)) !== started
  }
  // The owner's id means nothing here. Its engine is reached through its socket from everywhere.
  if (existsSync(join(folder, 'docker.sock'))) return !(await engineAnswers(join(folder, 'docker.sock')))
  const age = await stat(folder).then(
    (found) => Date.now() - found.mtimeMs,
    () => 0,
  )
  return age > startingTime
}

async function describeOwner(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid')
  return `${namespace} ${process.pid} ${await findStart(String(process.pid))}`
}

/** When a process started, in ticks since the start of the machine: field 22 of proc(5)'s stat. */
async function findStart(pid: string): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19]
}
