import { createHash, randomBytes } from 'node:crypto'
import { withAbort } from './abort.ts'
import { BuildFailure, exitCodes } from './build-failure.ts'
import { asRoot, builderHome, script } from './commands.ts'
import { agentLabel, type Engine, type Image } from './engine.ts'
import { openPacman, type Pacman } from './pacman.ts'
import type { Progress } from './progress.ts'
import { captureStep, runStep, testStep, type Workplace } from './steps.ts'

export interface BuilderImages {
  /** The id of a fresh builder image of a base image, made when it must be. Builds that ask meanwhile share the making. */
  get(baseImage: string, progress: Progress, signal: AbortSignal): Promise<string>
  /** Resolves when no image is being made; after a stop that is soon. */
  settled(): Promise<void>
}

interface BuilderImagesOptions {
  engine: Engine
  agent: string
  network: string
  /** Milliseconds after which an image is made anew. */
  maxAge: number
  /** Ends a making when the agent stops. */
  stop: AbortSignal
  clock?: () => number
}

const labels = { base: 'vieter.base-image', baseId: 'vieter.base-id', madeAt: 'vieter.made-at' } as const
const makingTimeout = 3_600_000
const namePattern = /^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$/

/** Keeps the builder images of one engine: a base image, brought up to date, with what builds need. */
export function builderImages(options: BuilderImagesOptions): BuilderImages {
  const makings = new Map<string, { result: Promise<string>; watchers: Set<Progress> }>()
  return {
    async get(baseImage, progress, signal) {
      if (!namePattern.test(baseImage)) {
        throw new BuildFailure(
          exitCodes.agentFailed,
          `${JSON.stringify(baseImage)} is not the name of an image.`,
        )
      }
      const base = withTag(baseImage)
      const running = makings.get(base)
      if (running) {
        progress.line(`waiting for the builder image of ${base}, which is being made`)
        running.watchers.add(progress)
        return withAbort(running.result, signal)
      }
      const watchers = new Set([progress])
      const result = freshImage(options, base, shared(watchers)).finally(() => makings.delete(base))
      makings.set(base, { result, watchers })
      return withAbort(result, signal)
    },
    async settled() {
      await Promise.allSettled([...makings.values()].map(({ result }) => result))
    },
  }
}

/** Without a tag, the engine would pull every tag that there is. */
function withTag(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`
}

function shared(watchers: Set<Progress>): Progress {
  return {
    line: (text) => {
      for (const watcher of watchers) watcher.line(text)
    },
    write: async (bytes) => {
      await Promise.all([...watchers].map((watcher) => watcher.write(bytes)))
    },
  }
}

async function freshImage(options: BuilderImagesOptions, base: string, progress: Progress): Promise<string> {
  const { engine } = options
  const name = `vieter-builder:${createHash('sha256').update(base).digest('hex').slice(0, 16)}`
  const now = (options.clock ?? Date.now)()
  const [current, local] = await Promise.all([engine.findImage(name), engine.findImage(base)])
  const stale = current && whyStale(current, local, now, options.maxAge)
  if (current && stale === undefined) return current.id
  progress.line(current ? `making the builder image anew: ${stale}` : `making the builder image of ${base}`)
  const signal = AbortSignal.any([options.stop, AbortSignal.timeout(makingTimeout)])
  try {
    return await makeImage({ ...options, signal, progress, base, name, now, current })
  } catch (error) {
    if (!current || options.stop.aborted) throw error
    const reason = error instanceof Error ? error.message : String(error)
    progress.line(
      `warning: the builder image could not be made anew (${reason}); the one there is goes on serving`,
    )
    return current.id
  }
}

function whyStale(current: Image, local: Image | undefined, now: number, maxAge: number): string | undefined {
  const madeAt = Number(current.labels[labels.madeAt])
  if (!Number.isFinite(madeAt) || madeAt > now || now - madeAt >= maxAge) return 'it is too old'
  if (local && local.id !== current.labels[labels.baseId]) return 'its base image has changed'
  return undefined
}

interface Making extends BuilderImagesOptions {
  signal: AbortSignal
  progress: Progress
  base: string
  name: string
  now: number
  current: Image | undefined
}

async function makeImage(making: Making): Promise<string> {
  const { engine, progress, base, name, now, signal } = making
  const source = await pullBase(making)
  const container = await engine.start(
    {
      name: `vieter-image-${making.agent}-${randomBytes(6).toString('hex')}`,
      image: source.id,
      network: making.network,
      memory: 0,
      lifetime: makingTimeout / 1000,
      labels: {
        [agentLabel]: making.agent,
        [labels.base]: base,
        [labels.baseId]: source.id,
        [labels.madeAt]: String(now),
      },
    },
    signal,
  )
  try {
    await furnish({ container, progress })
    await container.commit(name)
  } finally {
    await container.remove()
  }
  const made = await engine.findImage(name)
  if (!made) throw new BuildFailure(exitCodes.agentFailed, `The engine lost the builder image ${name}.`)
  if (making.current && making.current.id !== made.id) await engine.removeImage(making.current.id)
  progress.line('the builder image is ready')
  return made.id
}

async function pullBase({ engine, base, progress, signal }: Making): Promise<Image> {
  progress.line(`pulling ${base}`)
  let reason = 'it is not there'
  try {
    await engine.pullImage(base, progress.write, signal)
  } catch (error) {
    signal.throwIfAborted()
    reason = error instanceof Error ? error.message : String(error)
  }
  const image = await engine.findImage(base)
  if (!image) {
    throw new BuildFailure(exitCodes.agentFailed, `The base image ${base} cannot be had: ${reason}`, {
      hint: 'Check `base_image` on the server, and that this machine reaches its registry.',
    })
  }
  if (reason !== 'it is not there')
    progress.line(`warning: pulling failed (${reason}); the local image is used`)
  return image
}

/** Brings the system up to date and adds git, the tools for building and the user that builds. */
async function furnish(place: Workplace): Promise<void> {
  const pacman = await openPacman(place)
  if (await pacman.hasRepositories()) await installTools(place, pacman)
  await runStep(place, 'making the user that builds', asRoot(...script(userScript, builderHome)))
  const { text } = await captureStep(place, asRoot(...script(missingScript, ...requiredPrograms)))
  if (text.trim() === '') return
  const names = text.trim().split('\n').join(', ')
  throw new BuildFailure(exitCodes.agentFailed, `The base image lacks what builds need: ${names}.`, {
    hint: 'Take a base image that has it, or whose repositories offer base-devel and git, such as archlinux:base-devel.',
  })
}

const requiredPrograms = ['bash', 'makepkg', 'pacman', 'git', 'curl', 'fakeroot', 'bsdtar']
const missingScript = 'for p do command -v "$p" >/dev/null || echo "$p"; done'
const userScript = `set -e
id -u builder >/dev/null 2>&1 || useradd --home-dir "$1" --no-create-home --shell /bin/bash builder
[ "$(id -u builder)" -ne 0 ]
mkdir -p "$1"
chown builder: "$1"
chmod 0700 "$1"`

/** An old image may have too old a key ring for today's packages, so that one is renewed first. */
async function installTools(place: Workplace, pacman: Pacman): Promise<void> {
  if (await pacman.isInstalled('archlinux-keyring')) {
    await pacman.run('renewing the key ring', '-Sy', '--needed', '--', 'archlinux-keyring')
  }
  await pacman.run('updating the base system', '-Syu')
  try {
    await pacman.run('installing base-devel and git', '-S', '--needed', '--', 'base-devel', 'git')
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error
    place.progress.line('warning: base-devel and git cannot be installed; going on with what the image has')
  }
  await testStep(place, asRoot('find', '/var/cache/pacman/pkg', '-mindepth', '1', '-delete'))
}
