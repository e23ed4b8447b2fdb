import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { baseImage, importBaseImage } from '../lab/base-image.ts'
import { type Engine, startEngine } from '../lab/engine.ts'
import { engineAnswers, runContainer } from '../lab/engine-client.ts'
import { startGitHost } from '../lab/git-host.ts'
import { formatPkgbuild } from '../lab/packages.ts'

let engine: Engine

beforeAll(async () => {
  engine = await startEngine()
  await importBaseImage(engine.socket)
})

afterAll(() => engine.stop())

describe('the container engine', () => {
  test('lets containers on its bridge reach the gateway, but not the loopback', async () => {
    const open = await listen(engine.gateway)
    const closed = await listen('127.0.0.1')
    const { output } = await inContainer(
      `exec 2>&1
       curl -sS http://${engine.gateway}:${open.port}/
       curl -sS http://${engine.gateway}:${closed.port}/ || echo refused
       curl -sS http://127.0.0.1:${closed.port}/ || echo refused`,
    )
    expect(output).toMatch(/^answered\ncurl: .*\nrefused\ncurl: .*\nrefused\n$/)
    open.server.close()
    closed.server.close()
  })

  test('has neighbours that it shares nothing with', async () => {
    const neighbour = await startEngine()
    expect(neighbour.gateway).not.toBe(engine.gateway)
    const attempt = runContainer(neighbour.socket, { image: baseImage, command: ['true'] })
    await expect(attempt).rejects.toThrow(/No such image/)
    await neighbour.stop()
    expect(await engineAnswers(neighbour.socket)).toBe(false)
    expect(await engineAnswers(engine.socket)).toBe(true)
  })
})

describe('the base image', () => {
  test('has pacman with a repository that updates and installs', async () => {
    const { code, output } = await inContainer(
      'pacman -Syu --noconfirm --needed git base-devel && pacman -Q git filesystem',
    )
    expect(output).toContain('base-devel-1-2 is up to date')
    expect(output).toContain('git 1000-1\nfilesystem 2026.01.01-1\n')
    expect(code).toBe(0)
  })

  test('has no user but root and nobody, and makes more of them', async () => {
    const { output } = await inContainer(
      'cut -d: -f1 /etc/passwd; useradd --create-home somebody && id somebody',
    )
    expect(output).toBe('root\nnobody\nuid=1000(somebody) gid=1000(somebody) groups=1000(somebody)\n')
  })

  test('builds a package from a git repository with makepkg, unprivileged and confined', async () => {
    const host = await startGitHost(engine.gateway)
    onTestFinished(host.stop)
    const pkgbuild = formatPkgbuild(
      { name: 'inner', version: '1.0-1' },
      {
        sources: ['greeting'],
        install: ['install -D -m 755 /usr/bin/true "$pkgdir/usr/bin/inner"', 'ulimit -n'],
      },
    )
    const address = await host.addRepository('inner', { PKGBUILD: pkgbuild, greeting: 'hello\n' })
    const script = `cd /tmp && git clone -q --depth 1 ${address} inner && cd inner && HOME=/tmp makepkg --nocolor && bsdtar -tvf *.zst`
    const { code, output } = await inContainer(script, {
      user: '1000:1000',
      hostConfig: {
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        Memory: 512 * 1024 * 1024,
        PidsLimit: 256,
      },
    })
    expect(output).toMatch(/Finished making: inner 1\.0-1/)
    expect(output).toMatch(/-rwxr-xr-x +0 root +root .* usr\/bin\/inner/)
    expect(code).toBe(0)
  })
})

function inContainer(script: string, options: { user?: string; hostConfig?: Record<string, unknown> } = {}) {
  return runContainer(engine.socket, { image: baseImage, command: ['bash', '-c', script], ...options })
}

async function listen(address: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_, outgoing) => void outgoing.end('answered\n'))
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  return { server, port: (server.address() as AddressInfo).port }
}
