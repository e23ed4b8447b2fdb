import { expect } from 'vitest'
import { baseImage, importBaseImage } from '../lab/base-image.ts'
import { type Engine, startEngine } from '../lab/engine.ts'
import { eventually } from '../lab/eventually.ts'
import { type GitHost, startGitHost } from '../lab/git-host.ts'
import { makeScratch, type Scratch } from '../lab/scratch.ts'
import {
  type Settings,
  startAgent,
  startServer,
  type VieterProcess,
  type VieterServer,
  vieter,
} from '../lab/vieter.ts'

/** How a build ended. */
interface EndedBuild {
  readonly id: number
  readonly exitCode: number
  readonly log: string
}

/** A server on the loopback, an agent with an engine of its own, and a host for sources that builds can reach. */
export interface Workshop {
  readonly engine: Engine
  readonly sources: GitHost
  readonly server: VieterServer
  /** What the agent shows the server: it is for agents alone. */
  readonly agentToken: string
  agent: VieterProcess
  readonly scratch: Scratch
  startAgent(settings?: Settings): Promise<VieterProcess>
  /** Adds a target with `vieter targets add URL lab …` and gives its id. */
  addTarget(url: string, ...options: string[]): Promise<number>
  /** Enqueues a build with `vieter targets build ID --remote …` and waits for its end. */
  build(target: number, ...options: string[]): Promise<EndedBuild>
  /** Waits for the end of the build that comes after so many ended ones of this target. */
  ended(target: number, earlier: number): Promise<EndedBuild>
  /** How many builds of a target have ended. */
  countEnded(target: number): Promise<number>
  stop(): Promise<void>
}

export async function openWorkshop(): Promise<Workshop> {
  const scratch = await makeScratch('workshop')
  const engine = await startEngine()
  await importBaseImage(engine.socket)
  const sources = await startGitHost(engine.gateway)
  const server = await startServer({
    dataFolder: `${scratch.path}/server`,
    settings: {
      VIETER_BASE_IMAGE: baseImage,
      VIETER_LEASE_DURATION: '6',
      VIETER_DEFAULT_BUILD_TIMEOUT: '120',
    },
  })
  const agentToken = (await command('tokens', 'create', 'lab', '--scope', 'agent')).trim()
  const begin = (settings: Settings = {}) =>
    startAgent({
      server: { address: server.address, apiKey: agentToken },
      socket: engine.socket,
      dataFolder: `${scratch.path}/agent`,
      settings: { VIETER_AGENT_NAME: 'lab', ...settings },
    })

  async function command(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await vieter(words, { server })
    expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: expect.any(String) })
    return stdout
  }

  async function listEnded(target: number): Promise<{ id: number; exit_code: number }[]> {
    return JSON.parse(await command('logs', 'list', '--target', String(target), '--limit', '1000', '--json'))
  }

  const workshop: Workshop = {
    engine,
    sources,
    server,
    agentToken,
    agent: await begin(),
    scratch,
    startAgent: begin,
    async addTarget(url, ...options) {
      return Number(await command('-r', 'targets', 'add', url, 'lab', ...options))
    },
    async build(target, ...options) {
      const earlier = await workshop.countEnded(target)
      await command('targets', 'build', String(target), '--remote', ...options)
      return workshop.ended(target, earlier)
    },
    async ended(target, earlier) {
      const last = await eventually(
        `build ${earlier + 1} of target ${target} to end`,
        async () => (await listEnded(target))[earlier],
        { timeout: 110_000, interval: 200 },
      )
      return { id: last.id, exitCode: last.exit_code, log: await command('logs', 'content', String(last.id)) }
    },
    countEnded: async (target) => (await listEnded(target)).length,
    async stop() {
      await workshop.agent.stop()
      await server.stop()
      await sources.stop()
      await engine.stop()
      await scratch.remove()
    },
  }
  return workshop
}
