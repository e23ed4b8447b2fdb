import { tarEnd, tarFile } from '@vieter/alpm'
import { withAbort } from '../src/abort.ts'
import { BuildFailure } from '../src/build-failure.ts'
import type { Command, Container, ContainerSpec, Engine, Image } from '../src/engine.ts'

interface Reply {
  exitCode?: number
  stdout?: string
  stderr?: string
}

/** What an engine without containers was asked for, and how it replies. */
export interface DummyEngine extends Engine {
  images: Map<string, Image>
  /** What an image is pulled as; without one the pull fails. */
  registry: Map<string, Image>
  started: ContainerSpec[]
  removed: string[]
  commands: Command[]
  filesPut: string[]
  /** Replies to a command before the usual ones do. */
  reply(command: Command): Promise<Reply | undefined> | Reply | undefined
  /** The packages that a build leaves, by file name. */
  packages: Map<string, string>
}

const srcinfo = 'pkgbase = app\n\tpkgver = 1.0\n\tpkgrel = 1\n\tarch = any\n\npkgname = app\n'
export const appFile = 'app-1.0-1-any.pkg.tar.zst'

/** What a builder image with a well-behaved PKGBUILD prints. */
function usualReply({ argv }: Command): Reply {
  const line = argv.join(' ')
  if (line === 'pacman --version') return { stdout: ' .--.   Pacman v6.0.2 - libalpm v13.0.2\n' }
  if (line === 'pacman-conf --repo-list') return { stdout: 'core\n' }
  if (line.includes('--printsrcinfo')) return { stdout: srcinfo }
  if (line.includes('cd -P')) return { stdout: '/build/source' }
  if (line.includes('declare -F pkgver')) return { exitCode: 1 }
  return {}
}

/** An engine that runs nothing and keeps a record of what it should have run. */
export function dummyEngine(): DummyEngine {
  const engine: DummyEngine = {
    images: new Map(),
    registry: new Map([['base:1', { id: 'base-id', labels: {} }]]),
    started: [],
    removed: [],
    commands: [],
    filesPut: [],
    packages: new Map([[appFile, 'the package']]),
    reply: () => undefined,
    describe: async () => ({ name: 'Dummy', version: '1' }),
    findImage: async (name) => engine.images.get(name),
    async pullImage(name) {
      const image = engine.registry.get(name)
      if (!image) throw new BuildFailure(1, 'no such image')
      engine.images.set(name, image)
    },
    async removeImage(id) {
      engine.removed.push(id)
    },
    removeLeftovers: async () => 0,
    async start(spec, signal) {
      signal.throwIfAborted()
      engine.started.push(spec)
      return containerOf(engine, spec, signal)
    },
  }
  return engine
}

function containerOf(engine: DummyEngine, spec: ContainerSpec, signal: AbortSignal): Container {
  async function run(command: Command, output: Parameters<Container['run']>[1]): Promise<number> {
    engine.commands.push(command)
    const { exitCode = 0, stdout = '', stderr = '' } = (await engine.reply(command)) ?? usualReply(command)
    await output.stdout(Buffer.from(stdout))
    await output.stderr(Buffer.from(stderr))
    return exitCode
  }
  return {
    gateway: '127.0.0.1',
    run: (command, output) => withAbort(run(command, output), signal),
    async putFile(_, __, text) {
      engine.filesPut.push(text)
    },
    halt: async () => undefined,
    async readFolder() {
      return archiveOf(engine.packages)
    },
    async commit(name) {
      engine.images.set(name, { id: `image-${engine.started.length}`, labels: spec.labels })
    },
    async remove() {
      engine.removed.push(spec.name)
    },
  }
}

async function* archiveOf(packages: ReadonlyMap<string, string>): AsyncGenerator<Uint8Array> {
  for (const [name, text] of packages) yield tarFile(`packages/${name}`, Buffer.from(text))
  yield tarEnd()
}
