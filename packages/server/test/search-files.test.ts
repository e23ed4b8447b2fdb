import { expect, test } from 'vitest'
import { findPackages } from '../src/services/find-packages.ts'
import { publishPackage } from '../src/services/publish-package.ts'
import { createTurns } from '../src/services/turns.ts'
import { streamOf } from './support/builds.ts'
import { makeContext, type TestContext } from './support/context.ts'
import { packageArchive } from './support/packages.ts'

const mayRead = () => true
const query = { file: 'hello', limit: 25, offset: 0 }

async function makeFilledContext(): Promise<TestContext> {
  const context = await makeContext()
  await publishPackage(context, {
    repository: 'r',
    body: streamOf(packageArchive()),
    replace: false,
    force: false,
  })
  return context
}

test('who has gone is looked for nothing', async () => {
  const context = await makeFilledContext()
  expect(await findPackages(context, query, { mayRead, signal: AbortSignal.abort() })).toEqual([])
  const stays = new AbortController().signal
  expect((await findPackages(context, query, { mayRead, signal: stays })).map(({ paths }) => paths)).toEqual([
    ['usr/hello'],
  ])
})

test('a server that stops ends the search, and says so', async () => {
  const context = await makeFilledContext()
  context.stopping.abort()
  await expect(
    findPackages(context, query, { mayRead, signal: new AbortController().signal }),
  ).rejects.toMatchObject({
    code: 'SHUTTING_DOWN',
  })
})

test('turns come in their order, so many at once, and a failure is one’s own', async () => {
  const turns = createTurns(2)
  const begun: number[] = []
  const ends = Array.from({ length: 4 }, () => Promise.withResolvers<number>())
  const all = ends.map(({ promise }, index) =>
    turns(() => {
      begun.push(index)
      return promise
    }),
  )
  expect(begun).toEqual([0, 1])
  ends[1]?.reject(new Error('mine'))
  await expect(all[1]).rejects.toThrow('mine')
  expect(begun).toEqual([0, 1, 2])
  for (const [index, { resolve }] of ends.entries()) resolve(index)
  expect(await Promise.all([all[0], all[2], all[3]])).toEqual([0, 2, 3])
})
