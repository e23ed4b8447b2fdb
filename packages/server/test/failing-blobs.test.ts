import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findFile } from '../src/services/find-file.ts'
import { publishPackage } from '../src/services/publish-package.ts'
import { codeOf, streamOf } from './support/builds.ts'
import { makeContext, type TestContext } from './support/context.ts'
import { type BlobCall, type FailingBlobs, makeFailingBlobs } from './support/failing-blobs.ts'
import { filesIn } from './support/folders.ts'
import { packageArchive } from './support/packages.ts'

interface Setting {
  context: TestContext
  disk: FailingBlobs
}

async function setUp(): Promise<Setting> {
  const disk = makeFailingBlobs()
  return { disk, context: await makeContext({}, disk.wrap) }
}

/** `published`, or the code of the refusal. */
async function publish({ context }: Setting, name: string, text = 'x', replace = false): Promise<string> {
  const archive = packageArchive({ name, files: { 'usr/x': text } })
  const body = streamOf(...pieces(archive, 65_536))
  const code = await codeOf(publishPackage(context, { repository: 'repo', body, replace }))
  return code === 'taken' ? 'published' : code
}

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
}

function isListed({ context }: Setting, name: string): Promise<boolean> {
  return findFile(context, { repository: 'repo', arch: 'x86_64', filename: `${name}-1.0-1` }).then(
    () => true,
    () => false,
  )
}

/** Generations of all arch-repos; publishing anything makes a new one. */
async function generations({ context }: Setting): Promise<number[]> {
  const rows = await context.store.selectFrom('arch_repos').select('generation').execute()
  return rows.map(({ generation }) => generation)
}

function storedFiles({ context }: Setting): string[] {
  return filesIn(join(context.folder, 'packages'))
}

describe('a disk that fails while a package comes in', () => {
  const moments: [BlobCall, number][] = [
    ['stage', 0],
    ['write', 0],
    ['write', 2],
    ['commit', 0],
  ]

  test.for(moments)(
    'at %s, after %d that worked: nothing of it is left; the next try works',
    async ([call, skip]) => {
      const setting = await setUp()
      await publish(setting, 'first')
      const before = { files: storedFiles(setting), generations: await generations(setting) }
      setting.disk.fail(call, skip)
      // Large enough for several writes, also where small chunks are put together first.
      expect(await publish(setting, 'second', randomBytes(3 << 20).toString('base64'))).toBe('EIO')
      expect(setting.disk.failures()).toBeGreaterThan(0)
      expect(await isListed(setting, 'second')).toBe(false)
      expect({ files: storedFiles(setting), generations: await generations(setting) }).toEqual(before)
      setting.disk.heal()
      expect(await publish(setting, 'second')).toBe('published')
      expect(await isListed(setting, 'second')).toBe(true)
      expect(await isListed(setting, 'first')).toBe(true)
    },
  )

  test('for one of several publishers: the others are published', async () => {
    const setting = await setUp()
    setting.disk.fail('commit', 2)
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((name) => publish(setting, name)))
    expect(outcomes.toSorted()).toEqual(['EIO', 'EIO', 'published', 'published'])
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries())
      expect(await isListed(setting, name)).toBe(outcomes[index] === 'published')
    expect(storedFiles(setting)).toHaveLength(2)
  })
})

describe('a disk that deletes nothing', () => {
  test('takes no publish back: what was sent twice is published', async () => {
    const setting = await setUp()
    await publish(setting, 'twice')
    setting.disk.fail('delete')
    expect(await publish(setting, 'twice')).toBe('published')
    expect(setting.disk.failures()).toBe(1)
  })

  test('makes no refusal a publish', async () => {
    const setting = await setUp()
    await publish(setting, 'other', 'x')
    setting.disk.fail('delete')
    expect(await publish(setting, 'other', 'y')).not.toBe('published')
    expect(await generations(setting)).toEqual([1])
    setting.disk.heal()
    expect(await publish(setting, 'other', 'y', true)).toBe('published')
  })
})

describe('a disk that can’t be read', () => {
  test('fails the download, which works later', async () => {
    const setting = await setUp()
    await publish(setting, 'hello')
    const filename = 'hello-1.0-1-x86_64.pkg.tar.zst'
    const file = await findFile(setting.context, { repository: 'repo', arch: 'x86_64', filename })
    if (file.kind !== 'package') throw new Error(`a ${file.kind} was found`)
    const blob = await file.open()
    setting.disk.fail('read')
    await expect(blob.read(new Uint8Array(16), 0)).rejects.toThrow('EIO')
    setting.disk.heal()
    expect(await blob.read(new Uint8Array(16), 0)).toBe(16)
    await blob.close()
  })
})
