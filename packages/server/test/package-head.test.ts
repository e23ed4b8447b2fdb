import { randomBytes } from 'node:crypto'
import { tarEnd, tarFile, tarHeader } from '@vieter/alpm'
import { expect, onTestFinished, test } from 'vitest'
import { createArchiveReaders } from '../src/archives/archive-readers.ts'
import type { OpenBlob } from '../src/blobs/blob-store.ts'
import { fsBlobs } from '../src/blobs/fs-blobs.ts'
import { readPackageHead } from '../src/services/read-package-head.ts'
import { temporaryFolder } from './support/folders.ts'
import { type Compression, compress } from './support/packages.ts'

const pkginfo = 'pkgname = hello\npkgver = 1.0-1\narch = any\n'

function archiveOf(files: Readonly<Record<string, string | Uint8Array>>, compression: Compression): Buffer {
  const entries = Object.entries(files).map(([name, content]) => tarFile(name, Buffer.from(content)))
  return compress[compression](Buffer.concat([...entries, tarEnd()]))
}

interface Outcome {
  texts?: Record<string, string>
  fault?: string
  bytesRead: number
  /** How many blobs were left open. */
  open: number
}

/** Reads the head of a stored blob; counts the bytes of the blob that this took. */
async function readHead(archive: Uint8Array): Promise<Outcome> {
  const blobs = await fsBlobs(temporaryFolder(onTestFinished))
  const archives = createArchiveReaders()
  onTestFinished(() => archives.stop())
  const staged = await blobs.stage('a/b')
  await staged.write(archive)
  await staged.commit()
  let bytesRead = 0
  let open = 0
  const counted = (blob: OpenBlob): OpenBlob => ({
    ...blob,
    async read(target, position) {
      const count = await blob.read(target, position)
      bytesRead += count
      return count
    },
    async close() {
      open -= 1
      await blob.close()
    },
  })
  const opened = async (key: string) => {
    const blob = await blobs.open(key)
    if (!blob) return undefined
    open += 1
    return counted(blob)
  }
  const outcome = await readPackageHead({ blobs: { ...blobs, open: opened }, archives }, 'a/b').then(
    (head) => ({
      texts: Object.fromEntries([...head].map(([name, bytes]) => [name, `${Buffer.from(bytes)}`])),
    }),
    (fault: Error) => ({ fault: fault.message }),
  )
  return { ...outcome, bytesRead, open }
}

test.each(['zst', 'xz', 'gz', 'tar'] as const)(
  'the head of a stored package is read, and not much more (%s)',
  async (compression) => {
    const head = {
      '.BUILDINFO': 'format = 2\n',
      '.MTREE': 'm',
      '.PKGINFO': pkginfo,
      '.INSTALL': 'i',
      '.CHANGELOG': 'c',
    }
    const { texts, bytesRead, open } = await readHead(
      archiveOf({ ...head, 'usr/a': randomBytes(4 << 20), '.MTREE2': 'x' }, compression),
    )
    expect(texts).toEqual(head)
    expect(bytesRead).toBeLessThan(1 << 20)
    expect(open).toBe(0)
  },
)

test('a large .MTREE is read over many pieces, and a package without files to its end', async () => {
  const mtree = randomBytes(1 << 20).toString('hex')
  expect((await readHead(archiveOf({ '.MTREE': mtree, '.PKGINFO': pkginfo }, 'zst'))).texts).toEqual({
    '.MTREE': mtree,
    '.PKGINFO': pkginfo,
  })
})

test('what an older server may have taken is left out: links, a second file, one that is too large', async () => {
  const tar = Buffer.concat([
    tarHeader({ name: '.INSTALL', type: 'symlink', linkname: '/etc/passwd' }),
    tarFile('.PKGINFO', Buffer.from(pkginfo)),
    tarFile('.PKGINFO', Buffer.from('second')),
    tarFile('.BUILDINFO', Buffer.alloc((1 << 20) + 1)),
    tarFile('.other', Buffer.from('x')),
    tarEnd(),
  ])
  expect((await readHead(compress.zst(tar))).texts).toEqual({ '.PKGINFO': pkginfo })
})

test('damage is told, and nothing stays open', async () => {
  const archive = archiveOf({ '.PKGINFO': randomBytes(1 << 19) }, 'zst').subarray(0, 1000)
  expect(await readHead(archive)).toMatchObject({
    fault: 'The zstd file is truncated: it ends within a frame.',
    open: 0,
  })
})

test('a missing blob is told', async () => {
  const blobs = await fsBlobs(temporaryFolder(onTestFinished))
  const archives = createArchiveReaders()
  onTestFinished(() => archives.stop())
  await expect(readPackageHead({ blobs, archives }, 'no/such')).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
  })
})
