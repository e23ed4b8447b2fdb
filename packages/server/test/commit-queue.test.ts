import { rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findFile } from '../src/services/find-file.ts'
import { receivePackage } from '../src/services/receive-package.ts'
import { codeOf, streamOf } from './support/builds.ts'
import { makeContext, type TestContext } from './support/context.ts'
import { filesIn } from './support/folders.ts'
import { packageArchive } from './support/packages.ts'

/** A package that is stored and only has to be committed. */
function receive(context: TestContext, name: string, content = 'x') {
  return receivePackage(context, streamOf(packageArchive({ name, files: { 'usr/x': content } })))
}

async function publish(context: TestContext, name: string, alongside?: () => Promise<void>) {
  const packages = [await receive(context, name)]
  return () => context.commits.submit('repo', { kind: 'publish', packages, replace: false }, alongside)
}

function isPublished(context: TestContext, name: string): Promise<boolean> {
  return findFile(context, { repository: 'repo', arch: 'x86_64', filename: `${name}-1.0-1` }).then(
    () => true,
    () => false,
  )
}

async function generationOf(context: TestContext): Promise<number | undefined> {
  const row = await context.store.selectFrom('arch_repos').select('generation').executeTakeFirst()
  return row?.generation
}

async function fail(): Promise<never> {
  throw new Error('not this one')
}

describe('changes that arrive while a generation is being written', () => {
  test('share the next one', async () => {
    const context = await makeContext()
    const submits = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => publish(context, name)))
    await Promise.all(submits.map((submit) => submit()))
    expect(await generationOf(context)).toBe(2)
  })

  test('are made in their order', async () => {
    const context = await makeContext()
    const a = await publish(context, 'a')
    const b = await publish(context, 'b')
    const remove = (name: string) =>
      context.commits.submit('repo', { kind: 'remove-packages', arch: 'x86_64', names: [name], bases: [] })
    const removeAll = () => context.commits.submit('repo', { kind: 'remove-repository' })
    const results = [
      a(),
      codeOf(remove('b')),
      b(),
      codeOf(remove('b')),
      codeOf(removeAll()),
      codeOf(removeAll()),
      b(),
    ]
    expect((await Promise.all(results)).filter((result) => typeof result === 'string')).toEqual([
      'PACKAGE_NOT_FOUND',
      'taken',
      'taken',
      'REPOSITORY_NOT_FOUND',
    ])
    expect(await Promise.all(['a', 'b'].map((name) => isPublished(context, name)))).toEqual([false, true])
  })

  test('that the queue had run dry before are made all the same', async () => {
    const context = await makeContext()
    for (const name of ['a', 'b', 'c', 'd']) {
      const [submit, next] = [await publish(context, name), await publish(context, `${name}2`)]
      await submit().then(next)
    }
    expect(await generationOf(context)).toBe(8)
  })
})

describe('a change whose commit fails', () => {
  test('is refused alone; those that shared the generation are made', async () => {
    const context = await makeContext()
    const submits = [
      await publish(context, 'first'),
      await publish(context, 'a'),
      await publish(context, 'b', fail),
      await publish(context, 'c'),
    ]
    const results = await Promise.allSettled(submits.map((submit) => submit()))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
    expect(await Promise.all(['first', 'a', 'b', 'c'].map((name) => isPublished(context, name)))).toEqual([
      true,
      true,
      false,
      true,
    ])
  })

  test('stands in nobody’s way: what it would have taken is free', async () => {
    const context = await makeContext()
    const first = await publish(context, 'first')
    const failing = await publish(context, 'a', fail)
    const packages = [await receive(context, 'a', 'other')]
    const results = await Promise.allSettled([
      first(),
      failing(),
      context.commits.submit('repo', { kind: 'publish', packages, replace: false }),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await isPublished(context, 'a')).toBe(true)
  })

  test('for want of a folder to write to says so, and works again afterwards', async () => {
    const context = await makeContext()
    const submit = await publish(context, 'a')
    const folder = join(context.folder, 'databases', '1')
    writeFileSync(folder, 'in the way')
    await expect(submit()).rejects.toThrow(/EEXIST|ENOTDIR/)
    expect(await generationOf(context)).toBe(0)
    rmSync(folder)
    await submit()
    expect(await isPublished(context, 'a')).toBe(true)
    expect(filesIn(dirname(folder))).toEqual(['1/1.pack'])
  })
})

describe('packages that are replaced before anyone has seen them', () => {
  test('within one group: their files stay for the grace period, no blob is left without an owner', async () => {
    const context = await makeContext()
    const versions = ['1-1', '2-1', '3-1', '4-1']
    const packages = await Promise.all(
      versions.map((version) => receivePackage(context, streamOf(packageArchive({ version })))),
    )
    await Promise.all(
      packages.map((pkg) =>
        context.commits.submit('repo', { kind: 'publish', packages: [pkg], replace: false }),
      ),
    )
    const rows = await context.store
      .selectFrom('packages')
      .select(['blob_key', 'removed_at'])
      .orderBy('id')
      .execute()
    expect(rows.map(({ blob_key }) => blob_key).sort()).toEqual(filesIn(join(context.folder, 'packages')))
    expect(rows.filter(({ removed_at }) => removed_at === null)).toHaveLength(1)
  })

  test('under the same file name: only the last file is kept', async () => {
    const context = await makeContext()
    const packages = await Promise.all(['1', '2', '3'].map((content) => receive(context, 'a', content)))
    await Promise.all([
      (await publish(context, 'first'))(),
      ...packages.map((pkg) =>
        context.commits.submit('repo', { kind: 'publish', packages: [pkg], replace: true }),
      ),
    ])
    const rows = await context.store.selectFrom('packages').select('blob_key').execute()
    expect(rows.map(({ blob_key }) => blob_key).sort()).toEqual(filesIn(join(context.folder, 'packages')))
  })
})

describe('work that an arch-repo is left alone for', () => {
  test('runs when no change of it is being made; the next changes wait for it, those of others do not', async () => {
    const context = await makeContext()
    await (await publish(context, 'first'))()
    const events: string[] = []
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
    const change = await publish(context, 'a')
    const later = await publish(context, 'b')
    const changed = change().then(() => events.push('a'))
    const worked = context.commits.exclusively('repo', 'x86_64', async () => {
      events.push('work begins')
      await mayEnd
      events.push('work ends')
    })
    const changedLater = later().then(() => events.push('b'))
    const packages = [await receive(context, 'elsewhere')]
    await context.commits.submit('other', { kind: 'publish', packages, replace: false })
    events.push('other')
    end()
    await Promise.all([changed, worked, changedLater, context.commits.idle()])
    expect(events.filter((event) => event !== 'other')).toEqual(['a', 'work begins', 'work ends', 'b'])
    expect(events.indexOf('other')).toBeLessThan(events.indexOf('work ends'))
  })

  test('tells of its fault, and holds up nobody after it', async () => {
    const context = await makeContext()
    await expect(context.commits.exclusively('repo', 'x86_64', fail)).rejects.toThrow('not this one')
    await (await publish(context, 'a'))()
    expect(await isPublished(context, 'a')).toBe(true)
  })
})

describe('changes to a repository and the one for its debug packages', () => {
  async function changeOf(context: TestContext, repository: string, name: string, content = 'x') {
    const packages = [await receive(context, name, content)]
    return { repository, change: { kind: 'publish' as const, packages } }
  }

  function namesIn(context: TestContext, repository: string): Promise<string[]> {
    return context.store
      .selectFrom('entries')
      .innerJoin('arch_repos', 'arch_repos.id', 'entries.arch_repo_id')
      .innerJoin('repositories', 'repositories.id', 'arch_repos.repository_id')
      .select('entries.name as name')
      .where('repositories.name', '=', repository)
      .orderBy('entries.name')
      .execute()
      .then((rows) => rows.map(({ name }) => name))
  }

  test('are made in one transaction', async () => {
    const context = await makeContext()
    let seen: string[] = []
    await context.commits.submitAll(
      [await changeOf(context, 'r', 'a'), await changeOf(context, 'r-debug', 'a-debug')],
      async (trx) => {
        const rows = await trx.selectFrom('entries').select('name').orderBy('name').execute()
        seen = rows.map(({ name }) => name)
      },
    )
    expect(seen).toEqual(['a', 'a-debug'])
    expect(context.archRepos.all().map(({ repository }) => repository)).toEqual(['r', 'r-debug'])
  })

  test.each([
    ['refused', undefined],
    ['failing', fail],
  ])('leave nothing behind when the second is %s', async (_, alongside) => {
    const context = await makeContext()
    await context.commits.submitAll([await changeOf(context, 'r-debug', 'a-debug', 'other')])
    const both = [await changeOf(context, 'r', 'a'), await changeOf(context, 'r-debug', 'a-debug')]
    const others = [await changeOf(context, 'r', 'b'), await changeOf(context, 'r-debug', 'b-debug')]
    const results = await Promise.allSettled([
      context.commits.submitAll(both, alongside),
      context.commits.submitAll(others),
    ])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect([await namesIn(context, 'r'), await namesIn(context, 'r-debug')]).toEqual([
      ['b'],
      ['a-debug', 'b-debug'],
    ])
  })

  test('in every mixture come to an end, each made once', async () => {
    const context = await makeContext()
    const numbers = Array.from({ length: 8 }, (_, number) => number)
    const submits = await Promise.all(
      numbers.flatMap((number) =>
        [
          [changeOf(context, 'r', `a${number}`)],
          [changeOf(context, 'r-debug', `b${number}`)],
          [changeOf(context, 'r-debug', `c${number}`), changeOf(context, 'r', `d${number}`)],
          [changeOf(context, 'other', `e${number}`)],
        ].map((changes) => Promise.all(changes)),
      ),
    )
    await Promise.all(submits.map((changes) => context.commits.submitAll(changes)))
    const lengths = ['r', 'r-debug', 'other'].map(async (name) => (await namesIn(context, name)).length)
    expect(await Promise.all(lengths)).toEqual([16, 16, 8])
  })

  test('don’t wait for each other when each is alone', async () => {
    const context = await makeContext()
    await context.commits.submitAll([
      await changeOf(context, 'r', 'a'),
      await changeOf(context, 'r-debug', 'b'),
    ])
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
    const held = context.commits.submitAll([await changeOf(context, 'r', 'c')], () => mayEnd)
    // The store has one writer: what can be seen to go on beside a commit is what needs no transaction.
    await context.commits.exclusively('r-debug', 'x86_64', async () => end())
    await held
    expect(await namesIn(context, 'r')).toEqual(['a', 'c'])
  })
})
