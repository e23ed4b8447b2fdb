import { AppError } from '@vieter/api'
import { describe, expect, test } from 'vitest'
import { startContractServer } from './contract-server.ts'
import { vieter } from './vieter.ts'

const report = {
  packages: [
    {
      name: 'a',
      base: 'a',
      version: '1-1',
      filename: 'a-1-1-any.pkg.tar.zst',
      size: 2048,
      archs: ['x86_64', 'aarch64'],
      repo: 'r',
    },
    {
      name: 'a-debug',
      base: 'a',
      version: '1-1',
      filename: 'f',
      size: 1024,
      archs: ['x86_64'],
      repo: 'r-debug',
    },
  ],
  archs: [],
  repository: false,
  bytes: 3072,
  dry_run: false,
}
const table =
  'name     version  from                bytes\na        1-1      r/x86_64,r/aarch64  2048\na-debug  1-1      r-debug/x86_64      1024\n'

describe('packages remove', () => {
  test.each([
    [['a', 'b'], { packages: ['a', 'b'] }],
    [['a', '--arch', 'x86_64'], { packages: ['a'], arch: 'x86_64' }],
    [['a', '--base'], { bases: ['a'] }],
  ])('%j asks for one removal, and tells what went', async (line, query) => {
    await using server = await startContractServer({ removePackages: () => report })
    const { stdout, code } = await vieter(['packages', 'remove', ...line, '--repo', 'r'], { server })
    expect(server.calls).toEqual([{ endpoint: 'removePackages', params: { repo: 'r' }, query }])
    expect(stdout).toBe(`${table}Removed 2 packages, 3.0 KiB of files.\n`)
    expect(code).toBe(0)
  })

  test('--dry-run changes nothing and says so', async () => {
    await using server = await startContractServer({ removePackages: () => ({ ...report, dry_run: true }) })
    const line = ['packages', 'remove', 'a', '--repo', 'r', '--dry-run']
    expect((await vieter(line, { server })).stdout).toBe(
      `${table}Would remove 2 packages, 3.0 KiB of files. Nothing was changed.\n`,
    )
    expect(server.calls[0]?.query).toMatchObject({ dry_run: true })
  })

  test('prints JSON, and lines for scripts', async () => {
    await using server = await startContractServer({ removePackages: () => report })
    const line = ['packages', 'remove', 'a', '--repo', 'r']
    expect(JSON.parse((await vieter([...line, '--json'], { server })).stdout)).toEqual(report)
    expect((await vieter([...line, '--raw'], { server })).stdout).toBe(
      'a\t1-1\tr/x86_64,r/aarch64\t2048\na-debug\t1-1\tr-debug/x86_64\t1024\n',
    )
  })

  test('what is not there is the server’s error', async () => {
    const notThere = () => {
      throw new AppError('PACKAGE_NOT_FOUND')
    }
    await using server = await startContractServer({ removePackages: notThere })
    expect((await vieter(['packages', 'remove', 'a', '--repo', 'r'], { server })).code).toBe(1)
  })

  test.each([['a,b'], ['']])('%j is no name: nothing is asked', async (name) => {
    await using server = await startContractServer({ removePackages: () => report })
    const { stderr, code } = await vieter(['packages', 'remove', name, '--repo', 'r'], { server })
    expect(stderr).toContain(`No package can be named ${JSON.stringify(name)}.`)
    expect(code).toBe(2)
    expect(server.calls).toEqual([])
  })
})

test.each([
  [['r'], { all: true }],
  [['r', 'x86_64'], { all: true, arch: 'x86_64' }],
  [['r', 'x86_64', 'a'], { packages: ['a'], arch: 'x86_64' }],
])('repos remove %j --dry-run only asks, and needs no --force', async (line, query) => {
  await using server = await startContractServer({ removePackages: () => ({ ...report, dry_run: true }) })
  const { stdout, code } = await vieter(['repos', 'remove', ...line, '--dry-run'], { server })
  expect(server.calls).toEqual([
    { endpoint: 'removePackages', params: { repo: 'r' }, query: { ...query, dry_run: true } },
  ])
  expect(stdout).toContain('Would remove 2 packages')
  expect(code).toBe(0)
})
