import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forgePackage, type PackageFile, savePackage } from './lab/forge.ts'
import { makePackage } from './lab/packages.ts'
import { makePacmanRoot } from './lab/pacman.ts'
import { run } from './lab/processes.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { startServer, type VieterServer } from './lab/vieter.ts'

let scratch: Scratch
let server: VieterServer

beforeAll(async () => {
  scratch = await makeScratch('repository')
  server = await startServer({ dataFolder: `${scratch.path}/data` })
})

afterAll(async () => {
  await server.stop()
  await scratch.remove()
})

/** As people do it: `curl -XPOST -T FILE`. */
async function publish(path: string, repository = 'lab'): Promise<{ message: string; data: unknown }> {
  const options = ['-sS', '-XPOST', '-H', `X-Api-Key: ${server.apiKey}`, '-T', path]
  const { stdout } = await run('curl', [...options, `${server.address}/${repository}/publish`])
  return JSON.parse(stdout)
}

async function makePacman(repository: string) {
  return makePacmanRoot([{ name: repository, server: `${server.address}/$repo/$arch` }])
}

async function sha256Of(address: string): Promise<string> {
  const response = await fetch(address)
  expect(response.status).toBe(200)
  return createHash('sha256')
    .update(new Uint8Array(await response.arrayBuffer()))
    .digest('hex')
}

describe('a package made by makepkg', () => {
  test('is published with curl; pacman syncs, searches, installs it, finds its files, and updates it', async () => {
    const first = await makePackage(
      {
        name: 'hello',
        version: '1.0-1',
        description: 'Greets',
        files: { 'usr/bin/hello': '#!/bin/sh\necho one\n' },
      },
      scratch.path,
    )
    expect(await publish(`${scratch.path}/${first.filename}`)).toEqual({
      message: '',
      data: { name: 'hello', version: '1.0-1', archs: ['x86_64'] },
    })
    const pacman = await makePacman('lab')
    expect((await pacman.run('-Sy')).code).toBe(0)
    expect((await pacman.run('-Ss', 'greet')).stdout).toBe('lab/hello 1.0-1\n    Greets\n')
    expect(await pacman.run('-S', 'hello')).toMatchObject({ code: 0 })
    expect((await pacman.run('-Q')).stdout).toBe('hello 1.0-1\n')
    expect((await pacman.run('-Fy')).code).toBe(0)
    expect((await pacman.run('-F', 'usr/bin/hello')).stdout).toContain('owned by lab/hello 1.0-1')

    const second = await makePackage(
      {
        name: 'hello',
        version: '1:0.9-1',
        description: 'Greets',
        files: { 'usr/bin/hello': '#!/bin/sh\necho two\n' },
      },
      scratch.path,
    )
    await publish(`${scratch.path}/${second.filename}`)
    expect(await pacman.run('-Syu')).toMatchObject({ code: 0 })
    expect((await pacman.run('-Q')).stdout).toBe('hello 1:0.9-1\n')
    await pacman.remove()
  })
})

describe('many publishers at once', () => {
  const packages = Array.from({ length: 500 }, (_, number) =>
    forgePackage({
      name: `crowd-${number}`,
      version: '1-1',
      files: { [`usr/share/crowd/${number}`]: `${number}\n` },
    }),
  )

  async function publishAll(repository: string, publishers: number): Promise<PackageFile[]> {
    const waiting = [...packages]
    const acknowledged: PackageFile[] = []
    await Promise.all(
      Array.from({ length: publishers }, async () => {
        for (let file = waiting.shift(); file; file = waiting.shift()) {
          const answer = await send(repository, file).catch(() => undefined)
          if (answer?.ok) acknowledged.push(file)
          if (!answer) return
        }
      }),
    )
    return acknowledged
  }

  async function send(repository: string, file: PackageFile): Promise<Response> {
    const response = await fetch(`${server.address}/${repository}/publish`, {
      method: 'POST',
      headers: { 'x-api-key': server.apiKey },
      body: new Uint8Array(file.bytes),
    })
    await response.arrayBuffer()
    return response
  }

  async function expectServed(repository: string, files: readonly PackageFile[]): Promise<void> {
    const pacman = await makePacman(repository)
    expect(await pacman.run('-Sy')).toMatchObject({ code: 0 })
    const listed = new Set((await pacman.run('-Sl')).stdout.split('\n').map((line) => line.split(' ')[1]))
    await pacman.remove()
    for (const file of files) {
      expect(listed).toContain(file.name)
      expect(await sha256Of(`${server.address}/${repository}/x86_64/${file.filename}`)).toBe(file.sha256)
    }
  }

  test('16 publish 500 packages: all are in the database and download whole', async () => {
    const acknowledged = await publishAll('crowd', 16)
    expect(acknowledged).toHaveLength(500)
    await expectServed('crowd', acknowledged)
  })

  test('killed in the middle and started again, the server still has every package that it acknowledged', async () => {
    const publishing = publishAll('killed', 16)
    const { port, dataFolder } = server
    await reached('killed', 100)
    await server.kill()
    const acknowledged = await publishing
    expect(acknowledged.length).toBeGreaterThanOrEqual(100)
    expect(acknowledged.length).toBeLessThan(500)
    server = await startServer({ dataFolder, port })
    await expectServed('killed', acknowledged)
    expect(await publishAll('killed', 16)).toHaveLength(500)
  })

  /** Resolves once the repository lists so many packages. */
  async function reached(repository: string, count: number): Promise<void> {
    for (;;) {
      const { stdout } = await run('sh', [
        '-c',
        'curl -s "$1" | bsdtar tf - 2>/dev/null | grep -c /desc || true',
        'sh',
        `${server.address}/${repository}/x86_64/${repository}.db`,
      ])
      if (Number(stdout) >= count) return
    }
  }
})

describe('hostile names', () => {
  const hostile = [
    '$(touch owned)',
    '"; touch owned; "',
    "' or 1=1 --",
    'a\nb',
    '--upload-pack=touch owned',
    '../../etc',
  ]

  test.for(hostile)('a repository named %j is refused and changes nothing', async (name) => {
    const file = forgePackage({ name: 'innocent', version: '1-1' })
    const path = await savePackage(file, scratch.path)
    const answer = await publish(path, encodeURIComponent(name))
    expect(answer).toMatchObject({ data: '', code: 'REPOSITORY_NAME_INVALID' })
  })

  const sources = [
    ['file:///etc/passwd', 'url'],
    ['ext::sh -c touch% owned', 'url'],
    ['--upload-pack=touch owned', 'url'],
    ['/etc', 'url'],
    ['https://example.org/$(touch owned)\n.git', 'url'],
    ['git@example.org:a/b.git', 'url'],
    ['--upload-pack=x', 'branch'],
    ['a b', 'branch'],
    ['a..b', 'branch'],
    ['../..', 'path'],
    ['/etc', 'path'],
    ['a\u0000b', 'path'],
  ]

  test.for(sources)('a target with the %s as its %s is refused', async ([value = '', field = '']) => {
    const fields = { kind: 'git', url: 'https://example.org/a.git', repo: 'lab', [field]: value }
    const response = await fetch(`${server.address}/api/v1/targets?${new URLSearchParams(fields)}`, {
      method: 'POST',
      headers: { 'x-api-key': server.apiKey },
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ data: '', code: 'SOURCE_INVALID' })
    const targets = await fetch(`${server.address}/api/v1/targets`, {
      headers: { 'x-api-key': server.apiKey },
    })
    expect(await targets.json()).toEqual({ message: '', data: [] })
  })
})
