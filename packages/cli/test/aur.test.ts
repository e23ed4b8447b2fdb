import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type ContractServer, startContractServer } from './contract-server.ts'
import { vieter } from './vieter.ts'

const packages = [
  { Name: 'yay', PackageBase: 'yay', Version: '12.3-1', Description: 'Helper', NumVotes: 9, OutOfDate: null },
  {
    Name: 'split-a',
    PackageBase: 'split',
    Version: '1-1',
    Description: null,
    NumVotes: 2,
    OutOfDate: 1700000000,
  },
  { Name: 'split-b', PackageBase: 'split', Version: '1-1', Description: 'B', NumVotes: 3, OutOfDate: null },
]

/** An AUR that knows the packages above, as its RPC interface answers. */
async function startAur(): Promise<AsyncDisposable & { address: string; requests: string[] }> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    const address = new URL(request.url ?? '/', 'http://localhost')
    const names = new Set(address.searchParams.getAll('arg[]'))
    const term = /^\/rpc\/v5\/search\/(.*)$/.exec(address.pathname)?.[1]
    response.setHeader('content-type', 'application/json')
    if (address.pathname === '/rpc/v5/info') {
      const results = packages.filter((one) => names.has(one.Name))
      response.end(JSON.stringify({ version: 5, type: 'multiinfo', resultcount: results.length, results }))
    } else if (term !== undefined && term.length > 1) {
      const results = packages.filter((one) => one.Name.includes(decodeURIComponent(term)))
      response.end(JSON.stringify({ version: 5, type: 'search', resultcount: results.length, results }))
    } else {
      const error = { version: 5, type: 'error', resultcount: 0, results: [], error: 'Query arg too small.' }
      response.end(JSON.stringify(error))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function startServer(): Promise<ContractServer> {
  let last = 0
  return startContractServer({
    addTarget: () => {
      last += 1
      return last
    },
  })
}

describe('aur search', () => {
  test('shows what was found, most votes first, and needs no server', async () => {
    await using aur = await startAur()
    const { stdout, code } = await vieter(['aur', 'search', 'split', '--aur-url', aur.address])
    expect(stdout).toBe(
      'name     version  votes  out of date  description\n' +
        'split-b  1-1      3                   B\n' +
        'split-a  1-1      2      yes\n',
    )
    expect(code).toBe(0)
    expect(aur.requests).toEqual(['/rpc/v5/search/split'])
  })

  test('--raw and --json', async () => {
    await using aur = await startAur()
    const raw = await vieter(['aur', 'search', 'yay', '-r', '--aur-url', `${aur.address}/`])
    expect(raw.stdout).toBe('yay\t12.3-1\t9\t\tHelper\n')
    const json = await vieter(['aur', 'search', 'yay', '--json', '--aur-url', aur.address])
    expect(JSON.parse(json.stdout)).toMatchObject([{ name: 'yay', base: 'yay', votes: 9 }])
  })

  test('a term is one segment of the path, whatever it holds', async () => {
    await using aur = await startAur()
    await vieter(['aur', 'search', 'a/../b?c', '--aur-url', aur.address])
    expect(aur.requests).toEqual(['/rpc/v5/search/a%2F..%2Fb%3Fc'])
  })

  test('tells what the AUR says against it', async () => {
    await using aur = await startAur()
    const { stderr, code } = await vieter(['aur', 'search', 'x', '--aur-url', aur.address])
    expect(stderr).toMatch(
      /^error: The AUR's answer cannot be used: it says: Query arg too small\.\.?\nhint: /,
    )
    expect(code).toBe(1)
  })

  test('exit code 3 when it cannot be reached', async () => {
    const { stderr, code } = await vieter(['aur', 'search', 'yay', '--aur-url', 'http://127.0.0.1:1'])
    expect(stderr).toBe(
      'error: The AUR at http://127.0.0.1:1 does not answer.\n' +
        'hint: Check the connection, and the address that --aur-url gives.\n',
    )
    expect(code).toBe(3)
  })
})

describe('aur add', () => {
  test('adds one target for each source, with one request for all', async () => {
    await using aur = await startAur()
    await using server = await startServer()
    const line = ['aur', 'add', 'vieter', 'split-a', 'yay', 'split-b', 'yay', '--aur-url', aur.address]
    const { stdout, code } = await vieter(line, { server })
    expect(aur.requests).toEqual(['/rpc/v5/info?arg%5B%5D=split-a&arg%5B%5D=yay&arg%5B%5D=split-b'])
    expect(server.calls.map((call) => call.query)).toEqual([
      { kind: 'git', url: `${aur.address}/yay.git`, repo: 'vieter' },
      { kind: 'git', url: `${aur.address}/split.git`, repo: 'vieter' },
    ])
    expect(stdout).toBe('Added target 1 for yay.\nAdded target 2 for split.\n')
    expect(code).toBe(0)
  })

  test('--raw prints the ids alone', async () => {
    await using aur = await startAur()
    await using server = await startServer()
    const { stdout } = await vieter(['-r', 'aur', 'add', 'vieter', 'yay', '--aur-url', aur.address], {
      server,
    })
    expect(stdout).toBe('1\n')
  })

  test('adds nothing when one is unknown', async () => {
    await using aur = await startAur()
    await using server = await startServer()
    const line = ['aur', 'add', 'vieter', 'yay', 'nope', 'never', '--aur-url', aur.address]
    const { stderr, code } = await vieter(line, { server })
    expect(stderr).toBe(
      'error: The AUR does not know "nope", "never". Nothing was added.\nhint: `vieter aur search TERM` finds names.\n',
    )
    expect(code).toBe(1)
    expect(server.calls).toEqual([])
  })

  test('many names take as few requests as the AUR allows', async () => {
    await using aur = await startAur()
    await using server = await startServer()
    const names = Array.from({ length: 400 }, (_, index) => `a-rather-long-package-name-${index}`)
    await vieter(['aur', 'add', 'vieter', ...names, '--aur-url', aur.address], { server })
    expect(aur.requests.length).toBeLessThan(6)
    expect(Math.max(...aur.requests.map((request) => request.length))).toBeLessThan(4100)
  })
})
