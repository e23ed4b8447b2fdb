import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { publishPackage } from '../src/services/publish-package.ts'
import { streamOf } from './support/builds.ts'
import { makeContext, type TestContext } from './support/context.ts'
import { packageArchive } from './support/packages.ts'

function publish(context: TestContext, name: string, arch: string) {
  const body = streamOf(packageArchive({ name, arch }))
  return publishPackage(context, { repository: 'repo', body, replace: false })
}

/** Makes the next write to the pack of one arch-repo fail at once, and every one to the other take its time. */
function breakPacks(context: TestContext, failing: string): { collisions: number } {
  const seen = { collisions: 0 }
  const busy = new Set<number>()
  const failingId = context.archRepos.find('repo', failing)?.id
  const { append } = context.packs
  let failures = 1
  context.packs.append = async (archRepoId, pieces) => {
    if (busy.has(archRepoId)) seen.collisions += 1
    if (archRepoId === failingId && failures-- > 0) throw new Error('EIO')
    busy.add(archRepoId)
    // As a slow disk does.
    await delay(100)
    return append(archRepoId, pieces).finally(() => busy.delete(archRepoId))
  }
  return seen
}

test('a commit that fails for one arch-repo is over for the others too before the next one begins', async () => {
  const context = await makeContext()
  for (const arch of ['x86_64', 'aarch64']) await publish(context, arch, arch)
  const seen = breakPacks(context, 'aarch64')
  const results = await Promise.allSettled(['a', 'b'].map((name) => publish(context, name, 'any')))
  expect(results.map(({ status }) => status)).toContain('fulfilled')
  expect(seen).toEqual({ collisions: 0 })
})
