import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { architecture } from './lab/architecture.ts'
import { checkData } from './lab/check.ts'
import { forgePackage, type PackageFile, savePackage } from './lab/forge.ts'
import { makePacmanRoot, type PacmanRoot } from './lab/pacman.ts'
import { runChecked } from './lab/processes.ts'
import { publishFile } from './lab/repository-client.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { startServer, type VieterServer, vieter } from './lab/vieter.ts'

let scratch: Scratch
let server: VieterServer

beforeAll(async () => {
  scratch = await makeScratch('policies')
  server = await startServer({ dataFolder: join(scratch.path, 'data') })
})

afterAll(async () => {
  await server.stop()
  await checkData(server.dataFolder)
  await scratch.remove()
})

/** Runs a command line that must succeed; what it printed. */
async function run(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await vieter(words, { server })
  if (code !== 0) throw new Error(`vieter ${words.join(' ')} ended with ${code}: ${stderr}`)
  return stdout
}

function packageOf(name: string, version = '1-1', arch = architecture): PackageFile {
  return forgePackage({ name, version, arch, files: { [`usr/share/${name}`]: version } })
}

async function rootFor(...repositories: [name: string, address: string][]): Promise<PacmanRoot> {
  const root = await makePacmanRoot(
    repositories.map(([name, address]) => ({ name, server: `${address}/$repo/$arch` })),
  )
  onTestFinished(root.remove)
  return root
}

/** The answer to a publish with curl. */
async function publishWithCurl(repository: string, file: PackageFile): Promise<unknown> {
  const path = await savePackage(file, scratch.path)
  const options = ['-sS', '-XPOST', '-H', `X-Api-Key: ${server.apiKey}`, '-T', path]
  const { stdout } = await runChecked('curl', [...options, `${server.address}/${repository}/publish`])
  return JSON.parse(stdout)
}

function withPassword(token: string): string {
  return server.address.replace('://', `://vieter:${token}@`)
}

describe('a private repository', () => {
  test('is synced and installed from by pacman with a token in its address, until that is revoked', async () => {
    await run('repos', 'add', 'closed', 'access=token')
    const token = (await run('tokens', 'create', 'laptop', '--scope', 'read:closed')).trim()
    await publishFile(server, 'closed', packageOf('hello'))
    const stranger = await rootFor(['closed', server.address])
    expect((await stranger.run('-Sy')).stderr).toContain('401')
    const pacman = await rootFor(['closed', withPassword(token)])
    expect(await pacman.run('-Sy', 'hello')).toMatchObject({ code: 0 })
    expect((await pacman.run('-Q')).stdout).toBe('hello 1-1\n')
    expect((await pacman.run('-Sy', '--debug')).stderr).toMatch(/response code 304/)
    expect(await pacman.run('-Fy')).toMatchObject({ code: 0 })
    await run('tokens', 'revoke', 'laptop')
    expect((await pacman.run('-Syy')).stderr).toContain('401')
  })
})

describe('a repository with a list of architectures', () => {
  test('is one that pacman syncs before there is anything in it, and packages of arch any appear in all', async () => {
    await run('repos', 'add', 'listed', `archs=${architecture},riscv64`)
    const pacman = await rootFor(['listed', server.address])
    expect(await pacman.run('-Sy')).toMatchObject({ code: 0, stderr: '' })
    expect((await pacman.run('-Sl')).stdout).toBe('')
    await publishFile(server, 'listed', packageOf('data', '1-1', 'any'))
    await expect(publishFile(server, 'listed', packageOf('data', '2-1', 'armv7h'))).rejects.toThrow(
      'ARCHITECTURE_REFUSED',
    )
    expect(await pacman.run('-Sy', 'data')).toMatchObject({ code: 0 })
    const other = await fetch(`${server.address}/listed/riscv64/data-1-1`)
    expect(await other.text()).toContain('%FILENAME%\ndata-1-1-any.pkg.tar')
  })
})

describe('debug packages that are kept apart', () => {
  test('are found by pacman in a repository of their own', async () => {
    await run('repos', 'add', 'parts', 'debug_packages=separate')
    await publishFile(server, 'parts', packageOf('tool'))
    const debug = forgePackage({ name: 'tool-debug', version: '1-1', base: 'tool', arch: architecture })
    expect(await publishWithCurl('parts', debug)).toMatchObject({ data: { repo: 'parts-debug' } })
    const pacman = await rootFor(['parts', server.address], ['parts-debug', server.address])
    expect(await pacman.run('-Sy')).toMatchObject({ code: 0, stderr: '' })
    expect((await pacman.run('-Sl')).stdout).toBe('parts tool 1-1\nparts-debug tool-debug 1-1\n')
  })
})

describe('the names of official repositories', () => {
  test('are those of a database that repo-add wrote; a package that claims one is warned of', async () => {
    const glibc = await savePackage(packageOf('glibc'), scratch.path)
    const database = join(scratch.path, 'core.db.tar.gz')
    await runChecked('repo-add', ['-q', database, glibc])
    expect(await run('repos', 'names', 'import', database)).toBe('The list core has 1 names now.\n')
    const claimer = forgePackage({ name: 'mylibc', version: '1-1', replaces: ['glibc'] })
    expect(await publishWithCurl('names', claimer)).toMatchObject({
      data: { name: 'mylibc', warnings: [{ code: 'OFFICIAL_NAME' }] },
    })
    expect(server.log()).toContain('mylibc says that it replaces glibc, a package in core')
    await run('repos', 'config', 'names', 'official_names=refuse')
    expect(await publishWithCurl('names', packageOf('glibc', '2-1'))).toMatchObject({ code: 'OFFICIAL_NAME' })
  })
})

describe('a lower version', () => {
  test('is kept from clients, which would stay with what they have', async () => {
    await publishFile(server, 'lower', packageOf('app', '2-1'))
    const pacman = await rootFor(['lower', server.address])
    expect(await pacman.run('-Sy', 'app')).toMatchObject({ code: 0 })
    await expect(publishFile(server, 'lower', packageOf('app', '1-1'))).rejects.toThrow('PACKAGE_DOWNGRADE')
    await run('repos', 'config', 'lower', 'downgrade=allow')
    await publishFile(server, 'lower', packageOf('app', '1-1'))
    expect((await pacman.run('-Syu')).stderr).toContain('local (2-1) is newer than lower (1-1)')
  })
})

test('a backup has the policies, the tokens, the names, and what was served', async () => {
  await run('repos', 'add', 'kept', 'access=token')
  const token = (await run('tokens', 'create', 'guest', '--scope', 'read:kept')).trim()
  await publishFile(server, 'kept', packageOf('hello'))
  const [backup, dataFolder] = [join(scratch.path, 'backup'), join(scratch.path, 'restored')]
  const settings = (folder: string) => ({ settings: { VIETER_DATA_DIR: folder } })
  expect(await vieter(['backup', backup], settings(server.dataFolder))).toMatchObject({ code: 0 })
  expect(await vieter(['restore', backup], settings(dataFolder))).toMatchObject({ code: 0 })
  const restored = await startServer({ dataFolder })
  onTestFinished(() => restored.stop())
  const database = `${restored.address}/kept/${architecture}/kept.db`
  const authorization = `Basic ${Buffer.from(`:${token}`).toString('base64')}`
  const statuses = [await fetch(database), await fetch(database, { headers: { authorization } })]
  expect(statuses.map(({ status }) => status)).toEqual([401, 200])
  const other = forgePackage({ name: 'hello', version: '1-1', arch: architecture, files: { other: 'x' } })
  await expect(publishFile(restored, 'kept', other)).rejects.toThrow('PACKAGE_EXISTS')
})
