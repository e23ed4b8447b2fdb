import { AppError } from '@vieter/api'
import { expect, test } from 'vitest'
import { startContractServer } from './contract-server.ts'
import { vieter } from './vieter.ts'

const empty = {
  removePackage: () => undefined,
  removeArchRepo: () => undefined,
  removeRepository: () => undefined,
}

test.each([
  [
    ['r', 'x86_64', 'a+b@c'],
    'removePackage',
    { repo: 'r', arch: 'x86_64', pkgname: 'a+b@c' },
    'the package a+b@c from r/x86_64',
  ],
  [
    ['r', 'x86_64', '--force'],
    'removeArchRepo',
    { repo: 'r', arch: 'x86_64' },
    'the architecture x86_64 of the repository r',
  ],
  [['r', '--force'], 'removeRepository', { repo: 'r' }, 'the repository r'],
])('repos remove %j', async (line, endpoint, params, what) => {
  await using server = await startContractServer(empty)
  const { stdout, code } = await vieter(['repos', 'remove', ...line], { server })
  expect(server.calls).toEqual([{ endpoint, params, query: {} }])
  expect(stdout).toBe(`Removed ${what}.\n`)
  expect(code).toBe(0)
})

test.each([
  [['r'], 'the repository r'],
  [['r', 'x86_64'], 'the architecture x86_64 of the repository r'],
])('repos remove %j needs --force', async (line, what) => {
  await using server = await startContractServer(empty)
  const { stderr, code } = await vieter(['repos', 'remove', ...line], { server })
  expect(stderr).toBe(
    `error: This would remove ${what} with all its packages.\nhint: If you mean it, add --force.\n`,
  )
  expect(code).toBe(2)
  expect(server.calls).toEqual([])
})

test('a package that is not there is the server’s error', async () => {
  await using server = await startContractServer({
    removePackage: () => {
      throw new AppError('PACKAGE_NOT_FOUND')
    },
  })
  const { stderr, code } = await vieter(['repos', 'remove', 'r', 'x86_64', 'nothing'], { server })
  expect(stderr).toMatch(/^error: The repository holds no such package/)
  expect(code).toBe(1)
})
