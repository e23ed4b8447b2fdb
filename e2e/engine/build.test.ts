import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callEngine } from '../lab/engine-client.ts'
import { eventually } from '../lab/eventually.ts'
import { formatPkgbuild } from '../lab/packages.ts'
import { makePacmanRoot, type PacmanRoot } from '../lab/pacman.ts'
import { run } from '../lab/processes.ts'
import { vieter } from '../lab/vieter.ts'
import { openWorkshop, type Workshop } from './workshop.ts'

let shop: Workshop
let pacman: PacmanRoot

beforeAll(async () => {
  shop = await openWorkshop()
  pacman = await makePacmanRoot([{ name: 'lab', server: `${shop.server.address}/$repo/$arch` }])
})

afterAll(async () => {
  await pacman.remove()
  await shop.stop()
})

/** A package with one script, which prints a line. */
function scriptPackage(name: string, version: string, line: string, rest: object = {}): string {
  return formatPkgbuild(
    { name, version, ...rest },
    {
      ...rest,
      install: [
        'install -d "$pkgdir/usr/bin"',
        `printf '#!/bin/sh\\necho ${line}\\n' > "$pkgdir/usr/bin/${name}"`,
        `chmod 755 "$pkgdir/usr/bin/${name}"`,
      ],
    },
  )
}

async function install(...names: string[]): Promise<void> {
  expect(await pacman.run('-Syu', ...names)).toMatchObject({ code: 0 })
}

async function runInstalled(program: string): Promise<string> {
  return (await run(`${pacman.path}/usr/bin/${program}`, [])).stdout
}

describe('from a target to a program that runs', () => {
  test('a git target is built with what it needs from another one, and pacman installs both', async () => {
    const tool = await shop.sources.addRepository('tool', {
      PKGBUILD: scriptPackage('tool', '2.0-1', 'tool works'),
    })
    const app = await shop.sources.addRepository('app', {
      PKGBUILD: formatPkgbuild(
        { name: 'app', version: '1.0-1', depends: ['tool'] },
        {
          makedepends: ['tool>=2.0'],
          sources: ['app.sh'],
          build: ['tool > made-with.txt'],
          install: [
            'install -Dm755 app.sh "$pkgdir/usr/bin/app"',
            'install -Dm644 made-with.txt "$pkgdir/usr/share/app/made-with.txt"',
          ],
        },
      ),
      'app.sh': '#!/bin/sh\necho app works\n',
    })
    const first = await shop.build(await shop.addTarget(tool))
    expect(first.log).toContain('==> Finished making: tool 2.0-1')
    expect(first.exitCode).toBe(0)
    const second = await shop.build(await shop.addTarget(app))
    expect(second.log).toContain('==> Finished making: app 1.0-1')
    expect(second.exitCode).toBe(0)
    await install('app')
    expect((await pacman.run('-Q')).stdout).toBe('app 1.0-1\ntool 2.0-1\n')
    expect(await runInstalled('app')).toBe('app works\n')
    expect((await run('cat', [`${pacman.path}/usr/share/app/made-with.txt`])).stdout).toBe('tool works\n')
  })

  test('a url target is built from its PKGBUILD alone', async () => {
    const url = await shop.sources.addFile('odd name/PKGBUILD', scriptPackage('lone', '3-1', 'lone works'))
    const { exitCode } = await shop.build(await shop.addTarget(url, '--kind', 'url'))
    expect(exitCode).toBe(0)
    await install('lone')
    expect(await runInstalled('lone')).toBe('lone works\n')
  })

  test('of a git target the branch and the folder count, whatever characters they hold', async () => {
    const branch = `next/$(touch-owned)'";&`
    const folder = `pkgs/the $(touch owned) 'one' "two"`
    const url = await shop.sources.addRepository('many', { README: 'nothing to build here\n' })
    await shop.sources.commit(
      'many',
      { [`${folder}/PKGBUILD`]: scriptPackage('branched', '1-1', 'branched works') },
      { branch },
    )
    const target = await shop.addTarget(url, '--branch', branch, '--path', folder)
    const { exitCode, log } = await shop.build(target)
    expect(log).toContain('==> Finished making: branched 1-1')
    expect(exitCode).toBe(0)
    await install('branched')
    expect(await runInstalled('branched')).toBe('branched works\n')
  })

  const split = [
    'pkgbase=pair',
    "pkgname=('pair-one' 'pair-two')",
    'epoch=2',
    'pkgver=1.5',
    'pkgrel=1',
    "arch=('any')",
    "license=('MIT')",
    'package_pair-one() { install -d "$pkgdir/usr/bin"; printf "#!/bin/sh\\necho one works\\n" > "$pkgdir/usr/bin/pair-one"; chmod 755 "$pkgdir/usr/bin/pair-one"; }',
    'package_pair-two() { depends=(pair-one); install -d "$pkgdir/usr/share/pair-two"; }',
    '',
  ].join('\n')

  test('a split package with an epoch is built once; what is published is skipped until it is forced', async () => {
    const target = await shop.addTarget(await shop.sources.addRepository('pair', { PKGBUILD: split }))
    expect(await shop.build(target)).toMatchObject({ exitCode: 0 })
    await install('pair-two')
    expect((await pacman.run('-Q', 'pair-one', 'pair-two')).stdout).toBe(
      'pair-one 2:1.5-1\npair-two 2:1.5-1\n',
    )
    expect(await runInstalled('pair-one')).toBe('one works\n')

    const again = await shop.build(target)
    expect(again).toMatchObject({ exitCode: 0, log: expect.not.stringContaining('Finished making') })

    expect((await vieter(['repos', 'remove', 'lab', 'x86_64', 'pair-one'], shop)).code).toBe(0)
    const half = await shop.build(target)
    expect(half).toMatchObject({ exitCode: 0, log: expect.stringContaining('Finished making') })

    const forced = await shop.build(target, '--force')
    expect(forced).toMatchObject({ exitCode: 0, log: expect.stringContaining('Finished making') })
    await install()
    const { stdout } = await pacman.run('-Q', 'pair-one', 'pair-two')
    expect(stdout).toMatch(/^pair-one 2:1\.5-1\.(\d)\npair-two 2:1\.5-1\.\1\n$/)
  })
})

describe('a build that fails', () => {
  test('keeps its log and publishes nothing', async () => {
    const url = await shop.sources.addRepository('broken', {
      PKGBUILD: formatPkgbuild({ name: 'broken', version: '1-1' }, { build: ['echo so far', 'false'] }),
    })
    const { exitCode, log } = await shop.build(await shop.addTarget(url))
    expect(exitCode).not.toBe(0)
    expect(log).toContain('so far\n')
    expect(log).toContain('A failure occurred in build()')
    expect((await pacman.run('-Sy')).code).toBe(0)
    expect((await pacman.run('-Si', 'broken')).code).toBe(1)
  })

  test('is stopped when its time is over; the log is kept and no container stays', async () => {
    const url = await shop.sources.addRepository('endless', {
      PKGBUILD: formatPkgbuild(
        { name: 'endless', version: '1-1' },
        { build: ['echo before the wait', 'sleep 1000'] },
      ),
    })
    const { exitCode, log } = await shop.build(await shop.addTarget(url), '--timeout', '8')
    expect(log).toContain('before the wait\n')
    expect(exitCode).toBe(124)
    await expectNoContainers()
  })

  test('whose agent dies goes back to the queue, and the dead attempt keeps its log', async () => {
    const url = await shop.sources.addRepository('survivor', {
      PKGBUILD: formatPkgbuild(
        { name: 'survivor', version: '1-1' },
        {
          build: [
            `echo attempt; curl -sf http://${new URL(shop.sources.address).host}/files/go-on || sleep 1000`,
          ],
        },
      ),
    })
    const target = await shop.addTarget(url)
    await vieter(['targets', 'build', String(target), '--remote'], shop)
    await eventually(
      'the build to be under way',
      async () => (await currentLog(target))?.includes('attempt\n') || undefined,
      {
        timeout: 60_000,
      },
    )
    await shop.agent.kill()
    await shop.sources.addFile('go-on', 'yes\n')
    shop.agent = await shop.startAgent()
    const dead = await shop.ended(target, 0)
    expect(dead).toMatchObject({ exitCode: 255, log: expect.stringContaining('attempt\n') })
    expect(dead.log).toContain('went silent')
    expect(await shop.ended(target, 1)).toMatchObject({ exitCode: 0 })
    await expectNoContainers()
  })

  test('because git has nothing there says so', async () => {
    const missing = `${shop.sources.address}/git/$(touch%20owned)'.git`
    const { exitCode, log } = await shop.build(await shop.addTarget(missing))
    expect(exitCode).not.toBe(0)
    expect(log).toMatch(/fatal: .*not found/)
  })
})

/** What a build that runs has printed so far. */
async function currentLog(target: number): Promise<string | undefined> {
  const { stdout } = await vieter(['jobs', 'list', '--json'], shop)
  const job = (JSON.parse(stdout) as { target_id: number; log_id: number }[]).find(
    (one) => one.target_id === target,
  )
  if (!job?.log_id) return undefined
  return (await vieter(['logs', 'content', String(job.log_id)], shop)).stdout
}

async function expectNoContainers(): Promise<void> {
  await eventually('all containers to be gone', async () => {
    const { body } = await callEngine(shop.engine.socket, '/containers/json?all=true')
    return JSON.parse(body.toString()).length === 0 || undefined
  })
}
