import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { policyNames, policyTable, type RepositoryConfig } from '@vieter/api'
import { expect, onTestFinished, test } from 'vitest'
import { startContractServer } from './contract-server.ts'
import { vieter } from './vieter.ts'

const config: RepositoryConfig = {
  name: 'r',
  archs: ['x86_64'],
  packages: 2,
  policies: {
    ...(Object.fromEntries(
      policyNames.map((name) => [name, { value: policyTable[name].default, own: false }]),
    ) as RepositoryConfig['policies']),
    downgrade: { value: 'allow', own: true },
  },
}

test('repos list shows what there is', async () => {
  await using server = await startContractServer({
    listRepositories: () => [
      { name: 'closed', archs: [], packages: 0, access: 'token' },
      { name: 'open', archs: ['aarch64', 'x86_64'], packages: 12, access: 'public' },
    ],
  })
  expect((await vieter(['repos', 'list'], { server })).stdout).toBe(
    `repo    archs           packages  access
closed                  0         token
open    aarch64,x86_64  12        public
`,
  )
})

test('repos config shows each policy, and whether the repository has it of its own', async () => {
  await using server = await startContractServer({ getRepository: () => config })
  expect((await vieter(['repos', 'config', 'r'], { server })).stdout).toBe(
    `policy          value   from
access          public  default
archs           open    default
same_version    refuse  default
downgrade       allow   repository
official_names  warn    default
debug_packages  keep    default
`,
  )
  expect(JSON.parse((await vieter(['repos', 'config', 'r', '--json'], { server })).stdout)).toEqual(config)
})

test('repos config changes what is given, and clears what is given empty', async () => {
  await using server = await startContractServer({ configureRepository: () => config })
  const words = ['repos', 'config', 'r', 'downgrade=allow', 'archs=x86_64,aarch64', 'access=']
  expect((await vieter(words, { server })).code).toBe(0)
  expect(server.calls).toEqual([
    {
      endpoint: 'configureRepository',
      params: { repo: 'r' },
      query: { downgrade: 'allow', archs: 'x86_64,aarch64', access: '' },
    },
  ])
})

test('repos add makes a repository with its policies', async () => {
  await using server = await startContractServer({ addRepository: () => config })
  const { stdout } = await vieter(['repos', 'add', 'r', 'access=token'], { server })
  expect(stdout).toBe('Added the repository r.\n')
  expect(server.calls).toMatchObject([{ endpoint: 'addRepository', query: { name: 'r', access: 'token' } }])
})

test.each([
  ['color=red', 'There is no policy "color".'],
  ['downgrade', 'downgrade is given no value.'],
])('repos config r %s asks the server nothing', async (word, message) => {
  await using server = await startContractServer({})
  const { stderr, code } = await vieter(['repos', 'config', 'r', word], { server })
  expect([stderr.split('\n')[0], code]).toEqual([`error: ${message}`, 2])
  expect(server.calls).toEqual([])
})

test.each([
  [[], 'core'],
  [['--list', 'other'], 'other'],
])('repos names import FILE %j fills the list %s', async (options, list) => {
  const folder = mkdtempSync(join(tmpdir(), 'vieter-names-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'core.db.tar.gz')
  writeFileSync(path, 'bytes')
  await using server = await startContractServer({
    importNameList: () => ({ name: list, names: 7, imported_at: 0 }),
    listNameLists: () => [],
    removeNameList: () => undefined,
  })
  const imported = await vieter(['repos', 'names', 'import', path, ...options], { server })
  expect(imported.stdout).toBe(`The list ${list} has 7 names now.\n`)
  expect(server.calls).toMatchObject([{ params: { list } }])
  expect((await vieter(['repos', 'names', 'list'], { server })).stdout).toContain('No lists.')
  expect((await vieter(['repos', 'names', 'remove', list], { server })).stdout).toBe(
    `Removed the list ${list}.\n`,
  )
})
