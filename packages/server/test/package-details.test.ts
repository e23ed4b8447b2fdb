import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { detailsOf } from '../src/domain/package-details.ts'
import { enqueueJob } from '../src/services/enqueue-job.ts'
import { finishBuild } from '../src/services/finish-build.ts'
import { getPackage } from '../src/services/get-package.ts'
import { publishPackage } from '../src/services/publish-package.ts'
import { uploadBuiltPackage } from '../src/services/upload-built-package.ts'
import { openStore } from '../src/store/open-store.ts'
import { addTestTarget, claimOf, leaseOne, streamOf } from './support/builds.ts'
import { makeContext, type TestContext } from './support/context.ts'
import { temporaryFolder } from './support/folders.ts'
import { makeOlderStore } from './support/older-store.ts'
import { packageArchive } from './support/packages.ts'

const desc =
  '%FILENAME%\na-1-1-any.pkg.tar.zst\n\n%NAME%\na\n\n%BASE%\nb\n\n%VERSION%\n1-1\n\n%DESC%\nÄhnlich wie B\n\n' +
  '%CSIZE%\n9\n\n%ISIZE%\n7\n\n%BUILDDATE%\n8\n\n%PROVIDES%\nsh\nlibz.so=1-64\n\n'

test('details are read from the text of an entry', () => {
  expect(detailsOf(desc)).toEqual({
    base: 'b',
    description: 'Ähnlich wie B',
    build_date: 8,
    installed_size: 7,
    search_text: 'a\nähnlich wie b',
    provides: '\nsh\n\nlibz.so=1-64\n',
  })
})

test.each([
  ['', { base: '', installed_size: 0 }],
  ['%NAME%\na\n\n', { base: 'a', build_date: 0, search_text: 'a\n' }],
  ['%NAME%\na\n\n%ISIZE%\n1e999\n\n%BUILDDATE%\n-1\n\n', { installed_size: 0, build_date: 0 }],
  ['nonsense\n\n\n\n%NAME%\na', { base: 'a', provides: '' }],
])('of %j they are what there is', (text, details) => {
  expect(detailsOf(text)).toMatchObject(details)
})

test('a store of before gets them for the packages that it has', async () => {
  const path = join(temporaryFolder(onTestFinished), 'store.sqlite')
  await makeStoreOfBefore(path)
  const store = await openStore(path)
  onTestFinished(() => store.destroy())
  expect(await store.selectFrom('packages').selectAll().execute()).toMatchObject([
    { id: 1, ...detailsOf(desc), extra: null },
  ])
})

async function makeStoreOfBefore(path: string): Promise<void> {
  const db = await makeOlderStore(path)
  await db.insertInto('repositories').values({ name: 'r', visible: 1 }).execute()
  await db
    .insertInto('packages')
    .values({
      repository_id: 1,
      name: 'a',
      version: '1-1',
      arch: 'any',
      filename: 'a-1-1-any.pkg.tar.zst',
      size: 9,
      sha256: '',
      blob_key: 'a/b',
      md5: '',
      signature: '',
      published_at: 1,
      removed_at: null,
    })
    .execute()
  await db.insertInto('package_texts').values({ package_id: 1, desc, files: '%FILES%\n' }).execute()
  await db.destroy()
}

const archive = packageArchive({ pkginfo: 'backup = etc/hello\nxdata = pkgtype=pkg\n' })
const place = { repo: 'repo', arch: 'x86_64', name: 'hello' }
const told = { backup: ['etc/hello'], xdata: ['pkgtype=pkg'] }

test('a package of a build that began before has them too', async () => {
  const context = await makeContext()
  await enqueueJob(context, { target: await addTestTarget(context), arch: 'x86_64', force: false })
  const claim = claimOf(await leaseOne(context))
  await uploadBuiltPackage(context, claim, streamOf(archive))
  await rewriteStaged(context, ({ extra: _extra, ...older }) => older)
  await finishBuild(context, claim, 0)
  expect(await context.store.selectFrom('packages').select(['base', 'extra']).execute()).toEqual([
    { base: 'hello', extra: null },
  ])
  expect(await getPackage(context, place)).toMatchObject(told)
})

test('what was not kept when a package was published is read from the package', async () => {
  const context = await makeContext()
  await publishPackage(context, { repository: 'repo', body: streamOf(archive), replace: false, force: false })
  expect(await getPackage(context, place)).toMatchObject(told)
  await context.store.updateTable('packages').set({ extra: null }).execute()
  expect(await getPackage(context, place)).toMatchObject(told)
})

async function rewriteStaged(
  { store }: TestContext,
  change: (pkg: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const { id, package: text } = await store
    .selectFrom('staged_packages')
    .select(['id', 'package'])
    .executeTakeFirstOrThrow()
  const changed = JSON.stringify(change(JSON.parse(text) as Record<string, unknown>))
  await store.updateTable('staged_packages').set({ package: changed }).where('id', '=', id).execute()
}
