import { cpSync, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from './lab/eventually.ts'
import { makePackage } from './lab/packages.ts'
import { makePacmanRoot } from './lab/pacman.ts'
import { run, runChecked, startService } from './lab/processes.ts'
import { makeScratch } from './lab/scratch.ts'
import { findFreePort } from './lab/vieter.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A copy of all files that git would bring to a fresh clone, as they stand now. */
async function freshClone(folder: string): Promise<void> {
  const { stdout } = await runChecked(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: root,
    },
  )
  for (const path of stdout.split('\0')) {
    if (path !== '' && existsSync(join(root, path))) cpSync(join(root, path), join(folder, path))
  }
}

test('npm start on a fresh clone installs what it needs and serves; Ctrl-C stops it cleanly', {
  timeout: 300_000,
}, async () => {
  const scratch = await makeScratch('start')
  onTestFinished(scratch.remove)
  const clone = join(scratch.path, 'clone')
  await freshClone(clone)

  // As in a shell of its own: without this run's pinned Node.js in PATH, without its settings.
  const PATH = (process.env.PATH ?? '')
    .split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .join(':')
  const port = await findFreePort()
  const address = `http://127.0.0.1:${port}`
  const env = {
    PATH,
    HOME: process.env.HOME,
    VIETER_PORT: String(port),
    DOCKER_HOST: `unix://${scratch.path}/none`,
  }
  const service = await startService('npm', ['start'], { cwd: clone, env })
  const health = await eventually(
    'the server to be healthy',
    async () => {
      if (service.hasEnded()) throw new Error(service.log())
      return (await fetch(`${address}/health`).catch(() => undefined)) || undefined
    },
    { timeout: 240_000 },
  )
  expect(await health.json()).toEqual({ message: 'Healthy.', data: '' })
  await eventually(
    'the engine check to be told',
    () => /No container engine answers/.test(service.log()) || undefined,
  )
  expect(service.log()).toContain(`Vieter is running at ${address}`)
  expect(service.log()).toContain('data/api-key')
  expect(service.log()).toContain(`Server = ${address}/$repo/$arch`)
  expect(service.log()).toContain('npx vieter targets add')
  expect(statSync(join(clone, 'data/api-key')).mode & 0o777).toBe(0o600)

  const { filename } = await makePackage(
    { name: 'fresh', version: '1-1', files: { 'usr/bin/fresh': '#!/bin/sh\necho fresh\n' } },
    scratch.path,
  )
  const key = `X-Api-Key: ${(await run('cat', [join(clone, 'data/api-key')])).stdout.trim()}`
  await runChecked('curl', [
    '-sSf',
    '-XPOST',
    '-H',
    key,
    '-T',
    join(scratch.path, filename),
    `${address}/vieter/publish`,
  ])
  const pacman = await makePacmanRoot([{ name: 'vieter', server: `${address}/$repo/$arch` }])
  onTestFinished(pacman.remove)
  expect(await pacman.run('-Sy', 'fresh')).toMatchObject({ code: 0 })
  expect((await run(join(pacman.path, 'usr/bin/fresh'), [])).stdout).toBe('fresh\n')

  const listed = await run('npx', ['vieter', 'targets', 'list', '--json'], {
    cwd: clone,
    environment: {
      PATH,
      HOME: process.env.HOME,
      VIETER_ADDRESS: address,
      VIETER_API_KEY_FILE: 'data/api-key',
    },
  })
  expect(JSON.parse(listed.stdout)).toEqual([])

  service.signal('SIGINT')
  expect(await service.ended).toEqual({ code: 0, signal: null })
  await expect(fetch(`${address}/health`)).rejects.toThrow()
})
