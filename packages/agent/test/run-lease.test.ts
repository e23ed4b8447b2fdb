import { readdir, rm } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runLease } from '../src/run-lease.ts'
import { appFile } from './dummy-engine.ts'
import { apiKey, type TestWorkshop, testWorkshop } from './workshop.ts'

let shop: TestWorkshop
beforeEach(async () => {
  shop = await testWorkshop()
})
afterEach(async () => {
  await shop.server.close()
  await rm(shop.folder, { recursive: true })
})

const never = new AbortController().signal
const isBuild = (argv: readonly string[]) => argv.includes('--noextract')

/** A build that goes on until it is killed; resolves when it has begun. */
function hangingBuild(): Promise<void> {
  return new Promise((resolve) => {
    shop.engine.reply = ({ argv }) => {
      if (!isBuild(argv)) return undefined
      resolve()
      return new Promise(() => undefined)
    }
  })
}

function run(lease: Parameters<TestWorkshop['server']['enqueue']>[0] = {}, stop: AbortSignal = never) {
  const job = shop.server.enqueue(lease)
  return { job, ending: runLease(shop, job.lease, { stop }) }
}

const lastLine = (log: string) => log.trimEnd().split('\n').at(-1)

describe('a build that succeeds', () => {
  test('hands in its packages and its log, then finishes with 0', async () => {
    const { job, ending } = run()
    expect(await ending).toEqual({ kind: 'finished', exitCode: 0 })
    expect(job.packages.map(String)).toEqual(['the package'])
    expect(job.exitCode).toBe(0)
    expect(job.log).toContain('==> vieter: cloning https://example.com/x.git\n')
    expect(lastLine(job.log)).toBe(`==> vieter: handing in ${appFile} (11 bytes)`)
  })

  test('runs in one container, which is removed, and leaves nothing on the agent’s disk', async () => {
    await run().ending
    expect(shop.engine.started).toHaveLength(1)
    expect(shop.engine.removed).toEqual(shop.engine.started.map(({ name }) => name))
    expect(await readdir(shop.folder)).toEqual([])
  })

  test('never sees the key or the lease’s token', async () => {
    shop.server.files.set('/vieter/x86_64/vieter.db', Buffer.from('a database'))
    const { job, ending } = run()
    await ending
    const given = JSON.stringify([shop.engine.started, shop.engine.commands, shop.engine.filesPut, job.log])
    expect(given).not.toContain(apiKey)
    expect(given).not.toContain(job.lease.token)
    expect(given).not.toContain(shop.server.address)
    const upload = shop.server.requests.find(({ line }) => line.includes('/packages'))
    expect(upload).toMatchObject({ apiKey, leaseToken: job.lease.token })
  })

  test('finds our repository last in pacman.conf, behind a proxy that dies with the build', async () => {
    shop.server.files.set('/vieter/x86_64/vieter.db', Buffer.from('a database'))
    let fetched = ''
    shop.engine.reply = async ({ argv }) => {
      if (!argv.includes('-Syu')) return undefined
      const server = /^Server = (.*)$/m.exec(shop.engine.filesPut[0] ?? '')?.[1]
      fetched = await (await fetch(`${server}/vieter.db`)).text()
      return {}
    }
    await run().ending
    expect(fetched).toBe('a database')
    const read = shop.server.requests.filter(({ line }) => line.endsWith('/vieter/x86_64/vieter.db'))
    expect(read.map((request) => [request.line.split(' ')[0], request.apiKey])).toEqual([
      ['HEAD', apiKey],
      ['GET', apiKey],
    ])
    expect(shop.engine.filesPut[0]).toMatch(
      /^\n\[vieter\]\nSigLevel = Optional TrustAll\nServer = http:\/\/127\.0\.0\.1:\d+\/vieter\/x86_64\n$/,
    )
    const address = /http:\/\/[^/]+/.exec(shop.engine.filesPut[0] ?? '')?.[0]
    await expect(fetch(`${address}/vieter/x86_64/vieter.db`)).rejects.toThrow()
  })

  test('goes without our repository as long as that holds nothing', async () => {
    const { job, ending } = run()
    await ending
    expect(shop.engine.filesPut).toEqual([])
    expect(job.log).toContain('the repository vieter holds nothing for x86_64 yet')
  })

  test('installs what the build needs, as pacman names it', async () => {
    shop.engine.reply = ({ argv }) => {
      if (argv.includes('--printsrcinfo')) {
        return {
          stdout:
            'pkgbase = app\n\tpkgver = 1.0\n\tpkgrel = 1\n\tarch = any\n\tdepends = a\n\tmakedepends = b>=2\n\npkgname = app\n',
        }
      }
      return argv.includes('-T') ? { exitCode: 127, stdout: 'b>=2\n' } : undefined
    }
    await run().ending
    const lines = shop.engine.commands.map(({ argv, user }) => `${user}: ${argv.join(' ')}`)
    expect(lines).toContain('root: pacman -T -- a b>=2')
    expect(lines).toContain('root: pacman --noconfirm --noprogressbar -S --asdeps --needed -- b>=2')
  })
})

describe('what is published already', () => {
  beforeEach(() => {
    shop.server.files.set('/vieter/x86_64/vieter.db', Buffer.from('a database'))
    shop.engine.reply = ({ argv }) => (argv.includes('-Sl') ? { stdout: 'vieter app 1.0-1\n' } : undefined)
  })

  test('is not built again', async () => {
    const { job, ending } = run()
    await ending
    expect(lastLine(job.log)).toBe('==> vieter: already published: app 1.0-1')
    expect([job.exitCode, job.packages]).toEqual([0, []])
    expect(shop.engine.commands.some(({ argv }) => isBuild(argv))).toBe(false)
  })

  test('is built under a raised pkgrel when it was removed, since its file name was seen', async () => {
    shop.engine.reply = ({ argv }) => (argv.includes('-Sl') ? { stdout: '' } : undefined)
    shop.server.served = ['app-1.0-1-any.pkg.tar.zst', 'app-1.0-1.3-any.pkg.tar.zst']
    await run().ending
    expect(shop.engine.commands.map(({ argv }) => argv.join(' '))).toContainEqual(
      expect.stringMatching(/pkgrel=%s.* 1\.4$/s),
    )
  })

  test('is built under a raised pkgrel when forced', async () => {
    await run({ force: true }).ending
    expect(shop.engine.commands.map(({ argv }) => argv.join(' '))).toContainEqual(
      expect.stringMatching(/pkgrel=%s.* 1\.1$/s),
    )
  })
})

describe('a build that fails', () => {
  test('ends with the exit code of what failed, the reason being the last line', async () => {
    shop.engine.reply = ({ argv }) => (isBuild(argv) ? { exitCode: 4, stderr: 'make: oops' } : undefined)
    const { job, ending } = run()
    expect(await ending).toEqual({ kind: 'finished', exitCode: 4 })
    expect(job.exitCode).toBe(4)
    expect(job.log).toMatch(
      /make: oops\n==> vieter: failed: makepkg --noextract failed with exit code 4\.\n$/,
    )
    expect(job.packages).toEqual([])
  })

  test('is killed at its time-out, its log kept', async () => {
    const begun = hangingBuild()
    const { job, ending } = run({ timeout: 1 })
    await begun
    expect(await ending).toEqual({ kind: 'finished', exitCode: 124 })
    expect(lastLine(job.log)).toBe('==> vieter: failed: The build was stopped at its time-out of 1 s.')
    expect(shop.engine.removed).toHaveLength(1)
  })

  test('is killed with its agent, its log kept', async () => {
    const stop = new AbortController()
    const begun = hangingBuild()
    const { job, ending } = run({}, stop.signal)
    await begun
    stop.abort()
    expect(await ending).toEqual({ kind: 'finished', exitCode: 130 })
    expect(lastLine(job.log)).toBe('==> vieter: failed: The build was stopped with its agent.')
    expect(shop.engine.removed).toHaveLength(1)
  })

  test('tells that the server refuses its packages', async () => {
    shop.server.fail('POST /api/v1/jobs/1/packages', {
      status: 400,
      code: 'PACKAGE_INVALID',
      message: 'No .PKGINFO.',
    })
    const { job, ending } = run()
    expect(await ending).toEqual({ kind: 'finished', exitCode: 1 })
    expect(lastLine(job.log)).toBe('==> vieter: failed: No .PKGINFO. A hint.')
  })

  test('tells that the server refuses to publish them', async () => {
    shop.server.fail('POST /api/v1/jobs/1/finish', {
      status: 409,
      code: 'PACKAGE_EXISTS',
      message: 'It exists.',
    })
    const { job, ending } = run()
    expect(await ending).toEqual({ kind: 'finished', exitCode: 1 })
    expect(job.exitCode).toBe(1)
    expect(lastLine(job.log)).toBe('==> vieter: failed: It exists. A hint.')
  })

  test('names what does not belong among its packages', async () => {
    shop.engine.packages.set('linux-1-1-x86_64.pkg.tar.zst', 'x')
    const { job, ending } = run()
    await ending
    expect(lastLine(job.log)).toBe(
      '==> vieter: failed: What the build left cannot be taken: "packages/linux-1-1-x86_64.pkg.tar.zst" is no package that this build should make.',
    )
    expect(job.packages).toEqual([])
  })

  test('tells that its PKGBUILD is for other architectures', async () => {
    shop.engine.reply = ({ argv }) =>
      argv.includes('--printsrcinfo')
        ? { stdout: 'pkgbase = app\n\tpkgver = 1\n\tpkgrel = 1\n\tarch = aarch64\n\npkgname = app\n' }
        : undefined
    const { job, ending } = run()
    await ending
    expect(lastLine(job.log)).toBe(
      "==> vieter: failed: The PKGBUILD of app is not for x86_64. Its arch is aarch64: edit the target's architectures, or the PKGBUILD.",
    )
  })
})

describe('a hostile target', () => {
  test.each([
    { url: 'ext::sh -c id' },
    { url: '--upload-pack=id' },
    { url: 'file:///etc' },
    { url: '/etc' },
    { url: 'https://example.com/$(id)\n' },
    { branch: '--upload-pack=id' },
    { branch: 'a b' },
    { path: '../etc' },
    { path: '/etc' },
    { path: 'a\nb' },
    { kind: 'url' as const, url: 'git://example.com/x' },
    { repo: '../x' },
    { repo: 'a]\nServer = x' },
    { arch: 'any' },
    { arch: '$(id)' },
  ])('%j starts no container and fails cleanly', async (lease) => {
    const { job, ending } = run(lease)
    expect(await ending).toEqual({ kind: 'finished', exitCode: 1 })
    expect(shop.engine.started).toEqual([])
    expect(lastLine(job.log)).toMatch(/^==> vieter: failed: /)
  })

  test('goes into programs as whole arguments only', async () => {
    const path = `it's "a" $(path) ; of \`blanks\``
    await run({ path, branch: 'feature/$(x)', url: "https://example.com/$(id)';x.git" }).ending
    const clone = shop.engine.commands.find(({ argv }) => argv[0] === 'git')
    expect(clone).toMatchObject({
      user: 'builder',
      argv: [
        ...['git', 'clone', '--single-branch', '--depth', '1', '--branch', 'feature/$(x)', '--'],
        ...["https://example.com/$(id)';x.git", '/build/source'],
      ],
      environment: { GIT_ALLOW_PROTOCOL: 'http:https:ssh:git', GIT_TERMINAL_PROMPT: '0' },
    })
    const shell = shop.engine.commands.filter(({ argv }) => argv.includes(path))
    expect(shell.map(({ argv }) => argv.indexOf(path))).toEqual([5])
  })

  test('does not get its password into the log', async () => {
    const { job, ending } = run({ url: 'https://user:secret@example.com/x.git' })
    await ending
    expect(job.log).toContain('cloning https://example.com/x.git')
    expect(job.log).not.toContain('secret')
  })
})

describe('the lease', () => {
  test('is extended while the build runs', async () => {
    const extended = shop.server.request('POST /api/v1/jobs/1/extend')
    shop.engine.reply = async ({ argv }) => {
      if (isBuild(argv)) await extended
      return undefined
    }
    const { job, ending } = run({ expires_at: 0 })
    await ending
    expect(job.extensions).toBeGreaterThan(0)
  })

  test('once lost, ends the build without another word', async () => {
    shop.server.fail('POST /api/v1/jobs/1/extend', { status: 409, code: 'LEASE_LOST' })
    hangingBuild()
    const { job, ending } = run({ expires_at: 0 })
    expect(await ending).toEqual({ kind: 'lost' })
    expect(shop.engine.removed).toHaveLength(1)
    expect([job.exitCode, job.packages]).toEqual([undefined, []])
  })

  test('outlives an outage of the server', async () => {
    const fault = { status: 503, code: 'SHUTTING_DOWN' } as const
    for (const verb of ['log', 'packages', 'finish']) shop.server.fail(`POST /api/v1/jobs/1/${verb}`, fault)
    const { job, ending } = run()
    expect(await ending).toEqual({ kind: 'finished', exitCode: 0 })
    expect(job.packages).toHaveLength(1)
    expect(lastLine(job.log)).toContain('handing in')
  })

  test('counts as ended well when only the answer to the end got lost', async () => {
    shop.server.fail('POST /api/v1/jobs/1/finish', { status: 502, code: 'INTERNAL' })
    shop.server.fail('POST /api/v1/jobs/1/finish', { status: 409, code: 'LEASE_LOST' })
    expect(await run().ending).toEqual({ kind: 'finished', exitCode: 0 })
  })
})

test('the log goes on where the server has it, when that lost a part in a crash', async () => {
  shop.server.fail('POST /api/v1/jobs/1/log', {
    status: 409,
    code: 'LOG_OFFSET_MISMATCH',
    message: 'The log has 5 bytes; this piece begins at 0.',
  })
  const { job, ending } = run()
  await ending
  expect(job.log).toMatch(/^\[piece at 5\]ieter: job 1: /)
})
