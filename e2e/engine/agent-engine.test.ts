import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dockerEngine } from '../../packages/agent/src/docker-engine.ts'
import type { Command, Container, Engine } from '../../packages/agent/src/engine.ts'
import { baseImage, importBaseImage } from '../lab/base-image.ts'
import { type Engine as Daemon, startEngine } from '../lab/engine.ts'

let daemon: Daemon
let engine: Engine
let started: Container[]
let abort: AbortController
let count = 0

beforeAll(async () => {
  daemon = await startEngine()
  await importBaseImage(daemon.socket)
  engine = dockerEngine({ socketPath: daemon.socket })
})
afterAll(() => daemon.stop())

beforeEach(() => {
  started = []
  abort = new AbortController()
})
afterEach(async () => {
  for (const container of started) await container.remove()
})

async function start(labels: Record<string, string> = {}): Promise<Container> {
  const spec = { image: baseImage, network: 'bridge', memory: 256 * 1024 * 1024, lifetime: 600 }
  const container = await engine.start({ ...spec, name: `vieter-test-${++count}`, labels }, abort.signal)
  started.push(container)
  return container
}

async function run(container: Container, argv: Command['argv'], rest: Partial<Command> = {}) {
  const seen = { stdout: '', stderr: '', exitCode: -1 }
  seen.exitCode = await container.run(
    { argv, user: 'root', ...rest },
    {
      stdout: (bytes) => {
        seen.stdout += Buffer.from(bytes).toString()
      },
      stderr: (bytes) => {
        seen.stderr += Buffer.from(bytes).toString()
      },
    },
  )
  return seen
}

describe('the agent’s driver of a container engine', () => {
  test('runs programs with their user, folder and environment, and tells output and exit code', async () => {
    const container = await start()
    const script = 'id -un; pwd; echo "$WORD"; echo oops >&2; exit 7'
    const rest = { folder: '/srv/core', environment: { WORD: 'a "b" $c\n' } }
    expect(await run(container, ['sh', '-c', script], rest)).toEqual({
      stdout: 'root\n/srv/core\na "b" $c\n\n',
      stderr: 'oops\n',
      exitCode: 7,
    })
    expect((await run(container, ['no-such-program'])).exitCode).toBe(126)
  })

  test('waits for no process that a program leaves behind', async () => {
    const container = await start()
    expect((await run(container, ['sh', '-c', 'sleep 300 & echo begun'])).stdout).toBe('begun\n')
  })

  test('gives root no more power than pacman needs, and programs none to gain', async () => {
    const { stdout } = await run(await start(), ['cat', '/proc/self/status'])
    // CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SYS_CHROOT SETFCAP (linux/capability.h)
    expect(stdout).toMatch(/^CapBnd:\t00000000800400fb$/m)
    expect(stdout).toMatch(/^NoNewPrivs:\t1$/m)
    expect(stdout).toMatch(/^Seccomp:\t2$/m)
  })

  test('gives a build no socket, no host path, few open files', async () => {
    const container = await start()
    const mounts = await run(container, ['cat', '/proc/self/mountinfo'])
    const points = mounts.stdout.split('\n').filter((line) => / ext4 | xfs | btrfs | overlay /.test(line))
    const inside = ['/', '/etc/resolv.conf', '/etc/hostname', '/etc/hosts', '/usr/sbin/docker-init']
    for (const point of points) expect(inside).toContain(point.split(' ')[4])
    expect((await run(container, ['find', '/run', '/srv', '/tmp', '-type', 's'])).stdout).toBe('')
    expect((await run(container, ['bash', '-c', 'ulimit -n'])).stdout).toBe('16384\n')
  })

  test('knows the gateway of the network', async () => {
    expect((await start()).gateway).toBe(daemon.gateway)
  })

  test('writes files of root', async () => {
    const container = await start()
    await container.putFile('/etc', 'given.conf', 'a line\n')
    const { stdout } = await run(container, [
      'sh',
      '-c',
      'stat -c "%U %a" /etc/given.conf; cat /etc/given.conf',
    ])
    expect(stdout).toBe('root 644\na line\n')
  })

  test('reads a folder after everything in the container was killed', async () => {
    const container = await start()
    await run(container, ['sh', '-c', 'mkdir /out; echo text > /out/file; sleep 300 >/dev/null 2>&1 &'])
    await container.halt()
    let size = 0
    for await (const piece of (await container.readFolder('/out')) ?? []) size += piece.length
    expect(size).toBeGreaterThan(1024)
    expect(await container.readFolder('/nowhere')).toBeUndefined()
    await expect(run(container, ['true'])).rejects.toThrow('The container engine refuses')
  })

  test('makes an image that keeps files and labels', async () => {
    const container = await start({ 'vieter.test': 'kept' })
    await run(container, ['touch', '/kept'])
    await container.commit('vieter-test:1')
    const image = await engine.findImage('vieter-test:1')
    expect(image?.labels).toMatchObject({ 'vieter.test': 'kept' })
    await engine.removeImage(image?.id ?? '')
    expect(await engine.findImage('vieter-test:1')).toBeUndefined()
    await engine.removeImage(image?.id ?? '')
  })

  test('kills and removes a container when its signal is aborted', async () => {
    const container = await start({ 'vieter.agent': 'aborted' })
    let begin: () => void = () => undefined
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const running = container.run(
      { argv: ['sh', '-c', 'echo begun; sleep 300'], user: 'root' },
      { stdout: begin, stderr: () => undefined },
    )
    await begun
    abort.abort(new Error('the reason'))
    await expect(running).rejects.toThrow('the reason')
    await container.remove()
    expect(await engine.removeLeftovers('aborted')).toBe(0)
    await expect(start()).rejects.toThrow('the reason')
  })

  test('removes what an earlier run of the same agent left, and nothing of another', async () => {
    await start({ 'vieter.agent': 'first' })
    await start({ 'vieter.agent': 'second' })
    expect(await engine.removeLeftovers('first')).toBe(1)
    expect(await engine.removeLeftovers('first')).toBe(0)
    expect(await engine.removeLeftovers('second')).toBe(1)
  })

  test('tells why an image cannot be pulled', async () => {
    const pull = engine.pullImage('127.0.0.1:1/nothing:1', () => undefined, abort.signal)
    await expect(pull).rejects.toThrow(/^The container engine refuses: .*connection refused/)
  })

  test('tells who it is, and where nobody answers', async () => {
    expect(await engine.describe()).toMatchObject({ name: 'Docker', version: expect.stringMatching(/^\d/) })
    await expect(dockerEngine({ socketPath: '/nowhere.sock' }).describe()).rejects.toMatchObject({
      code: 'ENGINE_UNREACHABLE',
      message: expect.stringContaining('No container engine answers at /nowhere.sock'),
    })
  })
})
