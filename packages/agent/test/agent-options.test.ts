import { describe, expect, test } from 'vitest'
import { agentName, buildArchitecture, engineAddress, type Machine } from '../src/agent-options.ts'
import { formatEngineAddress } from '../src/engine-address.ts'

function machine(given: Partial<Machine> & { files?: string[] } = {}): Machine {
  const { files = [], ...rest } = given
  return {
    hostname: 'host',
    arch: 'x64',
    pid: 1,
    dockerHost: undefined,
    runtimeFolder: undefined,
    temporaryFolder: '/var/tmp',
    fileExists: (path) => files.includes(path),
    ...rest,
  }
}

function found(engine_socket: string | undefined, given: Parameters<typeof machine>[0] = {}): string {
  return formatEngineAddress(engineAddress({ engine_socket }, machine(given)))
}

describe('the container engine', () => {
  test('is looked for in the setting, DOCKER_HOST, Docker’s socket, Podman’s sockets', () => {
    const files = ['/run/podman/podman.sock']
    expect(found('/a.sock', { dockerHost: 'unix:///b.sock' })).toBe('/a.sock')
    expect(found(undefined, { dockerHost: 'unix:///b.sock' })).toBe('/b.sock')
    expect(found(undefined, { files: [...files, '/var/run/docker.sock'] })).toBe('/var/run/docker.sock')
    expect(found(undefined, { files })).toBe('/run/podman/podman.sock')
    expect(
      found(undefined, { files: [...files, '/run/user/1/podman/podman.sock'], runtimeFolder: '/run/user/1' }),
    ).toBe('/run/user/1/podman/podman.sock')
    expect(found(undefined)).toBe('/var/run/docker.sock')
  })

  test('may be on another machine', () => {
    expect(found('tcp://10.0.0.1')).toBe('tcp://10.0.0.1:2375')
    expect(found('tcp://[::1]:99')).toBe('tcp://::1:99')
    expect(found('https://engine.example')).toBe('https://engine.example:2376')
  })

  test.each(['ssh://host', 'relative/path', 'unix://relative', ''])('is not at %j', (text) => {
    expect(() => found(text)).toThrow(
      `The address of the container engine, ${JSON.stringify(text)}, is neither the path of a socket nor tcp://HOST:PORT.`,
    )
  })
})

test('the architecture is the setting or the machine’s own, by pacman’s name', () => {
  expect(buildArchitecture({ arch: 'x86_64_v3' }, machine())).toBe('x86_64_v3')
  expect(buildArchitecture({ arch: undefined }, machine())).toBe('x86_64')
  expect(buildArchitecture({ arch: undefined }, machine({ arch: 'arm64' }))).toBe('aarch64')
  expect(() => buildArchitecture({ arch: undefined }, machine({ arch: 's390x' }))).toThrow(
    '"s390x", is not known',
  )
})

test('the agent is named by the setting, else after the host', () => {
  expect(agentName({ agent_name: 'one' }, machine())).toBe('one')
  expect(agentName({ agent_name: undefined }, machine({ hostname: 'my host.lan' }))).toBe('my-host.lan')
})
