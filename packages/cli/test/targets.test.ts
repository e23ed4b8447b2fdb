import { AppError, type Target } from '@vieter/api'
import { describe, expect, test } from 'vitest'
import { startContractServer } from './contract-server.ts'
import { vieter } from './vieter.ts'

function target(id: number, fields: Partial<Target> = {}): Target {
  return {
    id,
    kind: 'git',
    url: `https://example.com/${id}.git`,
    branch: '',
    repo: 'vieter',
    schedule: '',
    path: '',
    arch: [{ id: 1, target_id: id, value: 'x86_64' }],
    ...fields,
  }
}

describe('targets list', () => {
  test('shows a table, without the columns that nothing fills', async () => {
    await using server = await startContractServer({
      listTargets: () => [target(1), target(20, { schedule: '0 5' })],
    })
    const { stdout, code } = await vieter(['targets', 'list'], { server })
    expect(stdout).toBe(
      [
        'id  kind  url                         repo    arch    schedule',
        '1   git   https://example.com/1.git   vieter  x86_64',
        '20  git   https://example.com/20.git  vieter  x86_64  0 5',
        '',
      ].join('\n'),
    )
    expect(code).toBe(0)
    expect(server.calls).toMatchObject([{ endpoint: 'listTargets', query: { limit: 25, offset: 0 } }])
  })

  test('passes its filters on, in their short forms too', async () => {
    await using server = await startContractServer({ listTargets: () => [] })
    const line = ['targets', 'list', '-l', '3', '-o', '6', '--repo', 'a', '-q', 'x y&z', '--arch', 'aarch64']
    const { stdout } = await vieter(line, { server })
    expect(server.calls[0]?.query).toEqual({
      limit: 3,
      offset: 6,
      repo: 'a',
      query: 'x y&z',
      arch: 'aarch64',
    })
    expect(stdout).toBe('No targets. `vieter targets add URL REPO` adds one.\n')
  })

  test('fetches page after page when more is asked for than the server hands out at once', async () => {
    const all = Array.from({ length: 10_005 }, (_, index) => target(index + 1))
    await using server = await startContractServer({
      listTargets: ({ query }) => all.slice(Number(query.offset), Number(query.offset) + Number(query.limit)),
    })
    const { stdout } = await vieter(['targets', 'list', '--limit', '20000', '--raw'], { server })
    expect(stdout.split('\n')).toHaveLength(10_006)
    expect(server.calls.map((call) => call.query)).toEqual([
      { limit: 10_000, offset: 0 },
      { limit: 10_000, offset: 10_000 },
    ])
  })

  test.each([
    ['-r', 'targets', 'list'],
    ['targets', '--raw', 'list'],
    ['targets', 'list', '-r'],
  ])('%s %s %s prints tab-separated lines', async (...line) => {
    await using server = await startContractServer({
      listTargets: () => [target(1, { branch: 'main', path: 'a b' })],
    })
    const { stdout } = await vieter(line, { server })
    expect(stdout).toBe('1\tgit\thttps://example.com/1.git\tvieter\tx86_64\t\tmain\ta b\n')
  })

  test('--json prints what the server said', async () => {
    await using server = await startContractServer({ listTargets: () => [target(1)] })
    const { stdout } = await vieter(['targets', 'list', '--json'], { server })
    expect(JSON.parse(stdout)).toEqual([target(1)])
  })

  test('an address full of escape sequences does nothing to the terminal', async () => {
    const url = 'https://example.com/\u001b[2J\u009b31m\u202eevil\ttab\nline'
    await using server = await startContractServer({ listTargets: () => [target(1, { url })] })
    for (const [flags, terminal] of [
      [[], 200],
      [['--raw'], undefined],
      [['--json'], undefined],
    ] as const) {
      const { stdout } = await vieter(['targets', 'list', ...flags], {
        server,
        environment: { NO_COLOR: '1' },
        ...(terminal ? { terminal } : {}),
      })
      expect(stdout).not.toMatch(/[\u001b\u009b\u202e]/)
    }
  })
})

describe('targets add', () => {
  test('adds a git target and says how to build it', async () => {
    await using server = await startContractServer({ addTarget: () => 7 })
    const { stdout } = await vieter(['targets', 'add', 'https://example.com/a.git', 'vieter'], { server })
    expect(server.calls[0]?.query).toEqual({ kind: 'git', url: 'https://example.com/a.git', repo: 'vieter' })
    expect(stdout).toBe('Added target 7. Build it with `vieter targets build 7 --remote`.\n')
  })

  test('takes every field', async () => {
    await using server = await startContractServer({ addTarget: () => 7 })
    const fields = [
      '--kind',
      'url',
      '--branch',
      'b',
      '--path',
      'a b',
      '--schedule',
      '0 5',
      '--arch',
      'x86_64, i686',
    ]
    const { stdout } = await vieter(['targets', 'add', ...fields, 'https://e.org/P', 'r', '--raw'], {
      server,
    })
    expect(server.calls[0]?.query).toEqual({
      kind: 'url',
      url: 'https://e.org/P',
      repo: 'r',
      branch: 'b',
      path: 'a b',
      schedule: '0 5',
      arch: ['x86_64', 'i686'],
    })
    expect(stdout).toBe('7\n')
  })

  test('refuses an unknown kind without asking the server', async () => {
    const { stderr, code } = await vieter(['targets', 'add', '--kind', 'svn', 'https://e.org/', 'r'])
    expect(stderr).toBe(
      "error: option '--kind <kind>' argument 'svn' is invalid. Allowed choices are git, url.\n" +
        'hint: `vieter targets add --help` shows how it is used.\n',
    )
    expect(code).toBe(2)
  })

  test('tells what the server has against it, with exit code 1', async () => {
    await using server = await startContractServer({
      addTarget: () => {
        throw new AppError('SOURCE_INVALID', { message: 'Invalid url.', hint: 'Use https.' })
      },
    })
    const { stderr, code } = await vieter(['targets', 'add', 'ext::sh', 'r'], { server })
    expect(stderr).toBe('error: Invalid url.\nhint: Use https.\n')
    expect(code).toBe(1)
  })
})

describe('targets info, edit and remove', () => {
  test('info shows one target, a line per field', async () => {
    await using server = await startContractServer({ getTarget: () => target(3, { branch: 'main' }) })
    const { stdout } = await vieter(['targets', 'info', '3'], { server })
    expect(stdout).toBe(
      'id        3\nkind      git\nurl       https://example.com/3.git\nrepo      vieter\n' +
        'arch      x86_64\nschedule\nbranch    main\npath\n',
    )
    expect(server.calls[0]?.params).toEqual({ id: 3 })
  })

  test('info of an unknown id is the server’s error', async () => {
    await using server = await startContractServer({
      getTarget: () => {
        throw new AppError('TARGET_NOT_FOUND')
      },
    })
    const { stderr, code } = await vieter(['targets', 'info', '9'], { server })
    expect(stderr).toBe(
      'error: There is no target with this id.\nhint: List the targets with `vieter targets list`.\n',
    )
    expect(code).toBe(1)
  })

  test('edit sends only what was given, also empty values', async () => {
    await using server = await startContractServer({ editTarget: () => target(3) })
    const { stdout } = await vieter(['targets', 'edit', '3', '--branch', '', '--schedule', '1 2'], { server })
    expect(server.calls[0]).toEqual({
      endpoint: 'editTarget',
      params: { id: 3 },
      query: { branch: '', schedule: '1 2' },
    })
    expect(stdout).toBe('Changed target 3.\n')
  })

  test('edit with nothing to change is a mistake', async () => {
    const { stderr, code } = await vieter(['targets', 'edit', '3'])
    expect(stderr).toBe(
      'error: Nothing to change was given.\nhint: Give at least one option, such as --branch.\n',
    )
    expect(code).toBe(2)
  })

  test('remove removes', async () => {
    await using server = await startContractServer({ removeTarget: () => undefined })
    expect(await vieter(['targets', 'remove', '3'], { server })).toEqual({
      code: 0,
      stdout: 'Removed target 3.\n',
      stderr: '',
    })
    expect(server.calls[0]?.params).toEqual({ id: 3 })
  })

  test.each(['x', '0', '-1', '1e3', '99999999999'])('%s is no id', async (id) => {
    const { stderr, code } = await vieter(['targets', 'remove', '--', id])
    expect(stderr).toContain('It must be a whole number from 1 to 2147483647.')
    expect(code).toBe(2)
  })
})

describe('targets build', () => {
  const archs = ['x86_64', 'aarch64'].map((value, index) => ({ id: index + 1, target_id: 4, value }))

  test('--remote queues a build for each architecture of the target', async () => {
    await using server = await startContractServer({
      getTarget: () => target(4, { arch: archs }),
      enqueueJob: () => undefined,
    })
    const { stdout } = await vieter(['targets', 'build', '4', '--remote'], { server })
    expect(stdout).toBe(
      'Queued a build of target 4 for x86_64. `vieter jobs list` shows the queue.\n' +
        'Queued a build of target 4 for aarch64. `vieter jobs list` shows the queue.\n',
    )
    expect(server.calls.slice(1).map((call) => call.query)).toEqual([
      { target: 4, arch: 'x86_64' },
      { target: 4, arch: 'aarch64' },
    ])
  })

  test('--remote --arch queues for that one', async () => {
    await using server = await startContractServer({ enqueueJob: () => undefined })
    const line = ['targets', 'build', '4', '--remote', '--arch', 'i686', '--force', '--timeout', '60']
    await vieter(line, { server })
    expect(server.calls.map((call) => call.query)).toEqual([
      { target: 4, arch: 'i686', force: true, timeout: 60 },
    ])
  })

  test('without --remote nothing is leased when no container engine answers', async () => {
    await using server = await startContractServer({})
    const environment = { VIETER_ENGINE_SOCKET: '/nonexistent/engine.sock' }
    const { stderr, code } = await vieter(['targets', 'build', '4'], { server, environment })
    expect(stderr).toMatch(/^error: .*\/nonexistent\/engine\.sock.*\nhint: Start Docker/)
    expect(code).toBe(1)
    expect(server.calls).toEqual([])
  })
})
