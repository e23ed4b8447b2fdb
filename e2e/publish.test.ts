import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { architecture } from './lab/architecture.ts'
import { forgePackage, type PackageFile, savePackage } from './lab/forge.ts'
import { openGate } from './lab/gate.ts'
import { makePackages } from './lab/packages.ts'
import { makePacmanRoot } from './lab/pacman.ts'
import { runChecked } from './lab/processes.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { makeSigner, type Signer } from './lab/signer.ts'
import { spawnVieter, startServer, type VieterServer, vieter } from './lab/vieter.ts'

let scratch: Scratch
let server: VieterServer
let signer: Signer

beforeAll(async () => {
  scratch = await makeScratch('publish')
  server = await startServer({ dataFolder: `${scratch.path}/data` })
  signer = await makeSigner('signer@example.org')
})

afterAll(async () => {
  await server.stop()
  await signer.remove()
  await scratch.remove()
})

const pathOf = ({ filename }: PackageFile) => join(scratch.path, filename)

/** Forged packages, written into the folder. */
async function forge(...specs: Parameters<typeof forgePackage>[0][]): Promise<string[]> {
  const files = specs.map((spec) => forgePackage(spec))
  for (const file of files) await writeFile(pathOf(file), file.bytes)
  return files.map(pathOf)
}

/** `NAME VERSION` of all that pacman sees in a repository. */
async function listed(repository: string): Promise<string[]> {
  const pacman = await makePacmanRoot([{ name: repository, server: `${server.address}/$repo/$arch` }])
  try {
    if ((await pacman.run('-Sy')).code !== 0) return ['nothing']
    const { stdout } = await pacman.run('-Sl', repository)
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : line.split(' ').slice(1, 3).join(' ')))
  } finally {
    await pacman.remove()
  }
}

/** How many package files the server has, seen or not. */
async function storedFiles(): Promise<number> {
  const paths = await readdir(join(server.dataFolder, 'packages'), { recursive: true })
  return paths.filter((path) => path.includes('/')).length
}

describe('a split package of makepkg with its debug package', () => {
  const pkgbuild = `
pkgbase=tool
pkgname=(tool tool-docs)
pkgver=1.0
pkgrel=1
pkgdesc='A tool in two parts'
arch=(${architecture})
license=('MIT')
options=(strip debug !lto)
source=(tool.c)
sha256sums=(SKIP)
build() { gcc -g -o tool tool.c; }
package_tool() { install -D tool "$pkgdir/usr/bin/tool"; }
package_tool-docs() { arch=(any); install -D -m 644 tool.c "$pkgdir/usr/share/doc/tool/tool.c"; }
`
  let files: PackageFile[]

  beforeAll(async () => {
    files = await makePackages(pkgbuild, { 'tool.c': 'int main(void) { return 0; }\n' }, scratch.path)
    for (const file of files) await signer.sign(pathOf(file))
  })

  test('is published whole, its signatures with it; a pacman that wants signatures installs it', async () => {
    expect(files.map(({ name }) => name).toSorted()).toEqual(['tool', 'tool-debug', 'tool-docs'])
    const paths = files.flatMap((file) => [pathOf(file), `${pathOf(file)}.sig`])
    const { code, stdout, stderr } = await vieter(['publish', '--repo', 'split', ...paths], { server })
    expect(stdout.split('\n').toSorted()).toEqual([
      '',
      `Published tool 1.0-1 to split for ${architecture}.`,
      `Published tool-debug 1.0-1 to split for ${architecture}.`,
      `Published tool-docs 1.0-1 to split for ${architecture}.`,
    ])
    for (const { filename } of files)
      expect(stderr).toMatch(new RegExp(`^${filename} {2}[\\d.]+ [KMi]*B`, 'm'))
    expect(code).toBe(0)

    const address = `${server.address}/$repo/$arch`
    const sigLevel = 'Required DatabaseNever TrustedOnly'
    const pacman = await makePacmanRoot([{ name: 'split', server: address, sigLevel }])
    try {
      await signer.introduceTo(pacman)
      expect(await pacman.run('-Sydd', 'tool', 'tool-docs', 'tool-debug')).toMatchObject({ code: 0 })
      expect((await pacman.run('-Q')).stdout).toBe('tool 1.0-1\ntool-debug 1.0-1\ntool-docs 1.0-1\n')
    } finally {
      await pacman.remove()
    }
  })

  test('is removed whole by its pkgbase, after a look at what would go', async () => {
    const line = ['packages', 'remove', 'tool', '--base', '--repo', 'split']
    const asked = await vieter([...line, '--dry-run', '--json'], { server })
    expect(asked.code).toBe(0)
    const report = JSON.parse(asked.stdout)
    expect(report).toMatchObject({ dry_run: true, archs: [], repository: false })
    expect(report.packages.map(({ name }: { name: string }) => name).toSorted()).toEqual([
      'tool',
      'tool-debug',
      'tool-docs',
    ])
    expect(report.bytes).toBe(files.reduce((sum, { bytes }) => sum + bytes.length, 0))
    expect(await listed('split')).toHaveLength(3)
    const removed = await vieter(line, { server })
    expect(removed.stdout).toMatch(/\nRemoved 3 packages, [\d.]+ [KM]iB of files\.\n$/)
    expect(await listed('split')).toEqual([])
  })
})

describe('several packages', () => {
  test('are none when one of them is refused, and all the others with --each', async () => {
    const [first = '', second = ''] = await forge(
      { name: 'one', version: '1-1' },
      { name: 'two', version: '1-1' },
    )
    const bad = join(scratch.path, 'bad-1-1-any.pkg.tar.zst')
    await writeFile(bad, 'no package')
    const together = await vieter(['publish', first, bad, second, '--repo', 'some'], { server })
    expect(together).toMatchObject({ code: 1, stdout: '' })
    expect(together.stderr).toMatch(/error: .*\nhint: /)
    expect(await listed('some')).toEqual(['nothing'])
    const each = await vieter(['publish', '--each', first, bad, second, '--repo', 'some'], { server })
    expect(each.code).toBe(1)
    expect(each.stderr).toContain('error: bad-1-1-any.pkg.tar.zst: ')
    expect(await listed('some')).toEqual(['one 1-1', 'two 1-1'])
  })

  test('that were published already stay as they are; others of the same file name want --replace', async () => {
    const [path = ''] = await forge({ name: 'same', version: '1-1' })
    const line = ['publish', path, '--repo', 'again', '--raw']
    for (const _ of [1, 2])
      expect(await vieter(line, { server })).toMatchObject({
        code: 0,
        stdout: `same\t1-1\tx86_64\n`,
        stderr: '',
      })
    await forge({ name: 'same', version: '1-1', files: { 'usr/share/same': 'other' } })
    const refused = await vieter(line, { server })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('Another file was published as same-1-1-any.pkg.tar.zst already')
    expect(await vieter([...line, '--replace'], { server })).toMatchObject({ code: 0 })
  })

  test('that bring less than their pkgbase had say what is left over', async () => {
    const base = 'kit'
    const old = await forge(
      { name: 'kit', version: '1-1', base },
      { name: 'kit-a', version: '1-1', base },
      { name: 'kit-b', version: '1-1', base },
    )
    await vieter(['publish', ...old, '--repo', 'left'], { server })
    const next = await forge({ name: 'kit', version: '2-1', base }, { name: 'kit-a', version: '2-1', base })
    const { stdout } = await vieter(['publish', ...next, '--repo', 'left'], { server })
    expect(stdout).toContain(
      'kit-b 1-1 is left over: kit has it no more. `vieter packages remove kit-b --repo left` removes it.\n',
    )
    expect(await listed('left')).toEqual(['kit 2-1', 'kit-a 2-1', 'kit-b 1-1'])
  })
})

test('the guide’s lines for curl publish all packages of a folder at once', async () => {
  const folder = join(scratch.path, 'guide')
  await mkdir(folder)
  for (const name of ['g1', 'g2']) await savePackage(forgePackage({ name, version: '1-1' }), folder)
  const guide = await readFile(new URL('../docs/publishing.md', import.meta.url), 'utf8')
  const [, lines = ''] = /```sh\n(server=.*?)```/s.exec(guide) ?? []
  const script = lines.replace('https://packages.example.org', server.address)
  const environment = { ...process.env, KEY: server.apiKey }
  await runChecked('sh', ['-ec', script], { cwd: folder, environment })
  expect(await listed('vieter')).toEqual(['g1 1-1', 'g2 1-1'])
})

describe('an upload that does not come through', () => {
  const large = { 'usr/share/large': Buffer.alloc(3_000_000, 'many pieces') }

  test('ends with a Ctrl-C: the publication is thrown away', async () => {
    const [path = '', other = ''] = await forge(
      { name: 'a', version: '1-1' },
      { name: 'b', version: '1-1', files: large },
    )
    await using gate = await openGate(server.port)
    const before = await storedFiles()
    const secondUpload = gate.hold('POST /api/v1/publications/', 2)
    const command = await spawnVieter(['publish', path, other, '--repo', 'stopped'], {
      VIETER_ADDRESS: gate.address,
      VIETER_API_KEY: server.apiKey,
    })
    await secondUpload
    expect(await storedFiles()).toBeGreaterThan(before)
    command.signal('SIGINT')
    expect(await command.ended).toEqual({ code: 130, signal: null })
    expect(command.log()).toContain('error: Interrupted by SIGINT.\n')
    expect(await storedFiles()).toBe(before)
    expect(await listed('stopped')).toEqual(['nothing'])
  })

  test('because the connection is cut is told, and tried again', async () => {
    const [path = ''] = await forge({ name: 'cut', version: '1-1', files: large })
    await using gate = await openGate(server.port)
    const cut = gate.cut('POST /api/v1/publications/')
    const { code, stderr, stdout } = await vieter(['publish', path, '--repo', 'cut'], {
      server: { address: gate.address, apiKey: server.apiKey },
    })
    await cut
    expect(stderr).toMatch(
      /^cut-1-1-any\.pkg\.tar\.zst: The server at .* does not answer: .* Trying again, 2 of 3\.\n/,
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Published cut 1-1 to cut for x86_64.\n' })
  })

  test('because the server is killed between upload and commit goes through once it is back', async () => {
    const dataFolder = `${scratch.path}/killed`
    const first = await startServer({ dataFolder })
    await using gate = await openGate(first.port)
    const paths = await forge({ name: 'k1', version: '1-1' }, { name: 'k2', version: '1-1' })
    const held = gate.hold('POST /api/v1/publications/1/commit')
    const command = await spawnVieter(['publish', ...paths, '--repo', 'killed'], {
      VIETER_ADDRESS: gate.address,
      VIETER_API_KEY: first.apiKey,
    })
    await held
    await first.kill()
    const next = await startServer({ dataFolder, port: first.port })
    try {
      expect(await command.ended).toEqual({ code: 0, signal: null })
      expect(command.log()).toContain('Published k1 1-1 to killed for x86_64.\n')
      const check = await vieter(['check'], { settings: { VIETER_DATA_DIR: dataFolder } })
      expect(check).toMatchObject({ code: 0, stdout: 'Nothing is wrong.\n' })
    } finally {
      await next.stop()
    }
  })

  test('because there is no server is no more than that', async () => {
    const [path = ''] = await forge({ name: 'far', version: '1-1' })
    const nowhere = { address: 'http://127.0.0.1:1', apiKey: 'x' }
    const { code, stderr } = await vieter(['publish', path, '--repo', 'far'], { server: nowhere })
    expect(code).toBe(3)
    expect(stderr).toMatch(/^error: The server at http:\/\/127\.0\.0\.1:1 does not answer: /)
  })
})
