import { beforeEach, describe, expect, test } from 'vitest'
import { builderImages } from '../src/builder-image.ts'
import { type DummyEngine, dummyEngine } from './dummy-engine.ts'

const never = new AbortController().signal
const hour = 3_600_000

let engine: DummyEngine
let now: number
let log: string
beforeEach(() => {
  engine = dummyEngine()
  now = 1_000_000
  log = ''
})

const progress = {
  line(text: string) {
    log += `${text}\n`
  },
  write(bytes: Uint8Array) {
    log += Buffer.from(bytes).toString()
  },
}

function images() {
  return builderImages({
    engine,
    agent: 'test',
    network: 'bridge',
    maxAge: hour,
    stop: never,
    clock: () => now,
  })
}

const commands = () => engine.commands.map(({ argv }) => argv.join(' '))

describe('a builder image', () => {
  test('is made from its base image: brought up to date, with tools and a user', async () => {
    const id = await images().get('base:1', progress, never)
    expect(id).toBe('image-1')
    expect(engine.started[0]).toMatchObject({ image: 'base-id', network: 'bridge' })
    expect(commands()).toContain('pacman --noconfirm --noprogressbar -Syu')
    expect(commands()).toContain('pacman --noconfirm --noprogressbar -S --needed -- base-devel git')
    expect(engine.commands.some(({ argv }) => argv[2]?.includes('useradd'))).toBe(true)
    expect(engine.removed).toEqual([engine.started[0]?.name])
  })

  test('is used as long as it is fresh, also by the next agent', async () => {
    const first = await images().get('base:1', progress, never)
    now += hour - 1
    expect(await images().get('base:1', progress, never)).toBe(first)
    expect(engine.started).toHaveLength(1)
  })

  test('is made anew when it is too old; the old one is removed', async () => {
    const first = await images().get('base:1', progress, never)
    now += hour
    expect(await images().get('base:1', progress, never)).toBe('image-2')
    expect(engine.removed).toContain(first)
    expect(log).toContain('making the builder image anew: it is too old')
  })

  test('is made anew when its base image has changed', async () => {
    await images().get('base:1', progress, never)
    engine.images.set('base:1', { id: 'other', labels: {} })
    engine.registry.clear()
    expect(await images().get('base:1', progress, never)).toBe('image-2')
    expect(engine.started[1]?.image).toBe('other')
  })

  test('is made once for all builds that wait for it, and told to each', async () => {
    const both = images()
    let other = ''
    const line = (text: string) => {
      other += `${text}\n`
    }
    const second = { ...progress, line }
    const ids = await Promise.all([both.get('base:1', progress, never), both.get('base:1', second, never)])
    expect(ids).toEqual(['image-1', 'image-1'])
    expect(other).toContain('waiting for the builder image of base:1')
    expect(other).toContain('the builder image is ready')
  })

  test('is not waited for by a build that was stopped; the others get it', async () => {
    const stop = new AbortController()
    const both = images()
    const stopped = both.get('base:1', progress, stop.signal)
    const other = both.get('base:1', progress, never)
    stop.abort(new Error('stopped'))
    await expect(stopped).rejects.toThrow('stopped')
    expect(await other).toBe('image-1')
  })

  test('is made from the local base image, with a warning, when pulling fails', async () => {
    engine.registry.clear()
    engine.images.set('base:1', { id: 'local', labels: {} })
    await images().get('base:1', progress, never)
    expect(engine.started[0]?.image).toBe('local')
    expect(log).toContain('warning: pulling failed (no such image); the local image is used')
  })

  test('goes on serving when it cannot be made anew', async () => {
    const first = await images().get('base:1', progress, never)
    now += hour
    engine.reply = ({ argv }) => (argv.includes('-Syu') ? { exitCode: 1 } : undefined)
    expect(await images().get('base:1', progress, never)).toBe(first)
    expect(log).toContain('warning: the builder image could not be made anew')
    engine.reply = () => undefined
    expect(await images().get('base:1', progress, never)).toBe('image-3')
  })

  test('needs no repository of tools that the base image has', async () => {
    engine.reply = ({ argv }) => (argv.includes('base-devel') ? { exitCode: 1 } : undefined)
    expect(await images().get('base:1', progress, never)).toBe('image-1')
    expect(log).toContain('warning: base-devel and git cannot be installed')
  })

  test('switches the sandbox of pacman 7 off, which a container does not allow', async () => {
    engine.reply = ({ argv }) =>
      argv.join(' ') === 'pacman --version' ? { stdout: 'Pacman v7.0.0 - libalpm v15.0.0' } : undefined
    await images().get('base:1', progress, never)
    expect(commands()).toContain('pacman --noconfirm --noprogressbar --disable-sandbox -Syu')
  })
})

describe('no builder image', () => {
  test('is made of a base image that cannot be had', async () => {
    await expect(images().get('other', progress, never)).rejects.toMatchObject({
      message: 'The base image other:latest cannot be had: no such image',
      hint: expect.stringContaining('`base_image`'),
    })
  })

  test('is made of a base image without pacman', async () => {
    engine.reply = ({ argv }) => (argv[0] === 'pacman' ? { exitCode: 127 } : undefined)
    await expect(images().get('base:1', progress, never)).rejects.toThrow('The image has no pacman.')
  })

  test('is made of a base image that lacks a tool', async () => {
    engine.reply = ({ argv }) => (argv.includes('fakeroot') ? { stdout: 'git\nfakeroot\n' } : undefined)
    await expect(images().get('base:1', progress, never)).rejects.toThrow(
      'The base image lacks what builds need: git, fakeroot.',
    )
  })

  test.each(['', '--privileged', 'a b', 'x\ny', '$(id)'])('is made of %j', async (name) => {
    await expect(images().get(name, progress, never)).rejects.toThrow('is not the name of an image.')
    expect(engine.started).toEqual([])
  })
})
