import { afterAll, beforeAll, expect, test } from 'vitest'
import { architecture } from '../lab/architecture.ts'
import { formatPkgbuild } from '../lab/packages.ts'
import { vieter } from '../lab/vieter.ts'
import { openWorkshop, type Workshop } from './workshop.ts'

let shop: Workshop

beforeAll(async () => {
  shop = await openWorkshop()
})

afterAll(() => shop.stop())

async function command(...words: string[]): Promise<void> {
  expect(await vieter(words, { server: shop.server })).toMatchObject({ code: 0 })
}

/** A target of the private repository. */
async function addTarget(name: string, pkgbuild: string): Promise<number> {
  const id = await shop.addTarget(await shop.sources.addRepository(name, { PKGBUILD: pkgbuild }))
  await command('targets', 'edit', String(id), '--repo', 'closed')
  return id
}

test('builds for a private repository use what is in it, without a credential of their own', async () => {
  await command('repos', 'add', 'closed', 'access=token')
  const library = await addTarget('library', formatPkgbuild({ name: 'library', version: '1.0-1' }, {}))
  expect(await shop.build(library)).toMatchObject({ exitCode: 0 })
  const build = ['cat /etc/vieter-repository.conf; env']
  const spec = { makedepends: ['library'], build }
  const app = await shop.build(
    await addTarget('app', formatPkgbuild({ name: 'app', version: '1.0-1' }, spec)),
  )
  expect(app.exitCode).toBe(0)
  expect(app.log).toContain('installing what the build needs: library')
  expect(app.log).toMatch(/^Server = http:\/\/[\d.]+:\d+\/closed\//m)
  for (const secret of [shop.server.apiKey, shop.agentToken]) expect(app.log).not.toContain(secret)
  const database = await fetch(`${shop.server.address}/closed/${architecture}/closed.db`)
  expect(database.status).toBe(401)

  await command('repos', 'remove', 'closed', architecture, 'library')
  const again = await shop.build(library)
  expect(again.log).toContain('this version was published already')
  expect(again.log).toContain('==> Finished making: library 1.0-1.1')
  expect(again.exitCode).toBe(0)
})
