import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { apiKey, startContractServer } from './contract-server.ts'
import { vieter } from './vieter.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vieter-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('configuration', () => {
  test('comes from ~/.vieterrc', async () => {
    await using server = await startContractServer({ listTargets: () => [] })
    writeFileSync(join(folder, '.vieterrc'), `address = "${server.address}"\napi_key = "${apiKey}"\n`)
    expect((await vieter(['targets', 'list'], { home: folder })).code).toBe(0)
  })

  test.each([
    ['-f', 'before'],
    ['--config-file', 'after'],
  ])('comes from the file that %s names %s the command', async (flag, place) => {
    await using server = await startContractServer({ listTargets: () => [] })
    const path = join(folder, 'vieter.toml')
    writeFileSync(path, `address = "${server.address}"\napi_key = "${apiKey}"\n`)
    const line = place === 'before' ? [flag, path, 'targets', 'list'] : ['targets', 'list', flag, path]
    expect((await vieter(line)).code).toBe(0)
  })

  test('the key comes from a file that the environment names', async () => {
    await using server = await startContractServer({ listTargets: () => [] })
    writeFileSync(join(folder, 'api-key'), `${apiKey}\n`)
    const environment = { VIETER_ADDRESS: server.address, VIETER_API_KEY_FILE: join(folder, 'api-key') }
    expect((await vieter(['targets', 'list'], { environment })).code).toBe(0)
  })

  test('a file that was named must be there', async () => {
    const path = join(folder, 'nothing.toml')
    const { stderr, code } = await vieter(['targets', 'list', '-f', path])
    expect(stderr).toBe(
      `error: The configuration file ${path} cannot be read: it does not exist.\n` +
        'hint: Check the path that --config-file gives, and its permissions.\n',
    )
    expect(code).toBe(2)
  })

  test('a file with an unknown setting is refused by name', async () => {
    writeFileSync(join(folder, '.vieterrc'), 'adress = "http://localhost"\n')
    const { stderr, code } = await vieter(['targets', 'list'], { home: folder })
    expect(stderr).toContain('the setting "adress" is unknown')
    expect(code).toBe(2)
  })

  test('without a key the command says how to give it', async () => {
    const { stderr, code } = await vieter(['targets', 'list'])
    expect(stderr).toBe(
      'error: No API key is given, and the server asks for it.\n' +
        'hint: Set `api_key` in ~/.vieterrc, or name the file that the server keeps it in: VIETER_API_KEY_FILE=./data/api-key.\n',
    )
    expect(code).toBe(2)
  })
})

describe('exit codes', () => {
  test('1 when the server says no', async () => {
    await using server = await startContractServer({})
    const { stderr, code } = await vieter(['targets', 'list'], {
      server,
      environment: { VIETER_API_KEY: 'wrong' },
    })
    expect(stderr).toMatch(
      /^error: The token is missing or wrong, has expired or was revoked\.\nhint: Set `api_key` in ~\/\.vieterrc/,
    )
    expect(code).toBe(1)
  })

  test('3 when it cannot be reached', async () => {
    const server = await startContractServer({})
    await server[Symbol.asyncDispose]()
    const { stderr, code } = await vieter(['targets', 'list'], { server })
    expect(stderr).toMatch(
      /^error: The server at http:\/\/127\.0\.0\.1:\d+ does not answer: .*\nhint: Check `address`/,
    )
    expect(code).toBe(3)
  })

  test.each([
    [['nonsense'], "error: unknown command 'nonsense'\nhint: `vieter --help` lists all commands.\n"],
    [
      ['targets', 'lst'],
      "error: unknown command 'lst'\n(Did you mean list?)\nhint: `vieter targets --help` lists its commands.\n",
    ],
    [
      ['targets', 'list', '--nonsense'],
      "error: unknown option '--nonsense'\nhint: `vieter targets list --help` shows how it is used.\n",
    ],
    [
      ['targets', 'add', 'url'],
      "error: missing required argument 'repo'\nhint: `vieter targets add --help` shows how it is used.\n",
    ],
    [
      ['repos', 'remove', 'a', 'b', 'c', 'd'],
      "error: too many arguments for 'remove'. Expected 3 arguments but got 4: a, b, c, d.\nhint: `vieter repos remove --help` shows how it is used.\n",
    ],
  ])('2 for %j', async (line, message) => {
    const { stderr, code } = await vieter(line)
    expect(stderr).toBe(message)
    expect(code).toBe(2)
  })

  test('2 for a group without a command, with its help', async () => {
    const { stderr, code } = await vieter(['targets'])
    expect(stderr).toContain('Usage: vieter targets [options] [command]')
    expect(code).toBe(2)
  })
})

test('what a server says cannot steer the terminal', async () => {
  await using server = await startContractServer({
    listTargets: () => {
      throw new Error('\u001b[2J\u001b]0;owned\u0007')
    },
  })
  const { stderr } = await vieter(['targets', 'list'], { server, terminal: 80 })
  expect(stderr).toMatch(/^error: Error: ␛\[2J␛\]0;owned␇\n/)
})
