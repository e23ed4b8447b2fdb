import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { findAnswer, findGaps, findUnsynced, findWrittenDatabases } from './lab/durability.ts'
import { forgePackage, type PackageFile } from './lab/forge.ts'
import { makeRandom } from './lab/random.ts'
import { makeScratch } from './lab/scratch.ts'
import { parseTrace, type SystemCall } from './lab/strace.ts'
import { startServer, type VieterServer } from './lab/vieter.ts'

/*
 * kill -9 leaves to the page cache what was written: it can't show that anything was synced. The system calls can.
 */

describe('the reading of traces', () => {
  test('gives what succeeded, with its file, and puts interrupted calls together', () => {
    const calls = parseTrace(`7 10:00:00.000001 openat(AT_FDCWD</>, "/d/a", O_WRONLY|O_CREAT, 0644) = 5</d/a>
7 10:00:00.000002 fdatasync(5</d/a> <unfinished ...>
8 10:00:00.000003 rename("/d/b", "/d/c") = 0
7 10:00:00.000004 <... fdatasync resumed>) = 0
8 10:00:00.000005 mkdir("/d/e", 0777) = -1 EEXIST (File exists)
9 10:00:00.000006 --- SIGTERM {si_signo=SIGTERM} ---
8 10:00:00.000007 pwrite64(6</d/w>, "a, \\"b\\") = 3"..., 24, 100) = 24
9 10:00:00.000008 write(25<TCP:[127.0.0.1:80->127.0.0.1:60120]>, "HTTP/1.1 200 OK\\r\\n"..., 306) = 306
9 10:00:00.000009 +++ exited with 0 +++
7 10:00:00.000010 fsync(5</d/a> <unfinished ...>
`)
    expect(calls.map(({ name, object, target, begin, end }) => [name, object, target, begin, end])).toEqual([
      ['openat', '/d/a', undefined, 0, 0],
      ['rename', '/d/b', '/d/c', 2, 2],
      ['fdatasync', '/d/a', undefined, 1, 3],
      ['pwrite64', '/d/w', undefined, 6, 6],
      ['write', 'TCP:[127.0.0.1:80->127.0.0.1:60120]', undefined, 7, 7],
    ])
    expect(calls.map(({ result }) => result)).toEqual([5, 0, 0, 24, 306])
  })
})

describe('the proof', () => {
  const whole = [
    '1 openat(AT_FDCWD, "/d/packages/.staging/s", O_CREAT) = 4</d/packages/.staging/s>',
    '1 pwrite64(4</d/packages/.staging/s>, "x", 60, 0) = 60',
    '1 pwrite64(4</d/packages/.staging/s>, "x", 40, 60) = 40',
    '1 fdatasync(4</d/packages/.staging/s>) = 0',
    '1 rename("/d/packages/.staging/s", "/d/packages/0e/k") = 0',
    '1 fsync(4</d/packages/0e>) = 0',
    '1 openat(AT_FDCWD, "/d/databases/1/1.pack", O_CREAT) = 4</d/databases/1/1.pack>',
    '1 pwrite64(4</d/databases/1/1.pack>, "x", 10, 0) = 10',
    '1 fdatasync(4</d/databases/1/1.pack>) = 0',
    '1 fsync(4</d/databases/1>) = 0',
    '1 pwrite64(5</d/store.sqlite-wal>, "x", 24, 0) = 24',
    '1 pwrite64(5</d/store.sqlite-wal>, "x", 4096, 24) = 4096',
    '1 fsync(5</d/store.sqlite-wal>) = 0',
    '1 write(9<TCP:[127.0.0.1:80->127.0.0.1:99]>, "HTTP/1.1 200 OK", 300) = 300',
  ]
  const gapsOf = (lines: readonly string[]) =>
    findGaps(parseTrace(lines.join('\n')), '/d', { size: 100, port: 99, databases: 'all' })

  test('is given for a whole chain', () => {
    expect(gapsOf(whole)).toEqual([])
  })

  const broken: readonly [string, number, RegExp][] = [
    ['the sync of the package', 3, /staging\/s was not synced between its last write and its rename/],
    ['the rename', 4, /was not renamed/],
    ['the sync of the package’s folder', 5, /0e was not synced between the rename and the answer/],
    ['the sync of a database', 8, /1\.pack was not synced after its last write/],
    ['the sync of the databases’ folder', 9, /databases\/1 was not synced after 1\.pack was made/],
    ['the sync of the commit', 12, /no commit was written and synced/],
    ['a byte of the package', 2, /no file of 100 bytes/],
    ['the answer', 13, /no answer/],
  ]

  test.for(broken)('is refused without %s', ([, line, gap]) => {
    expect(gapsOf(whole.toSpliced(line, 1)).join('\n')).toMatch(gap)
  })

  const late: readonly [string, number, number, RegExp][] = [
    ['a database is synced after the commit', 8, 12, /1\.pack was not synced/],
    ['the commit is synced after the answer', 12, 13, /no commit was written and synced/],
    ['the package is synced after its rename', 3, 4, /not synced between its last write and its rename/],
    ['the last write of the commit comes after its sync', 11, 12, /no commit|sqlite-wal was not synced/],
  ]

  test.for(late)('is refused when %s', ([, line, place, gap]) => {
    const moved = whole.toSpliced(line, 1).toSpliced(place, 0, whole[line] as string)
    expect(gapsOf(moved).join('\n')).toMatch(gap)
  })
})

describe('a real server under strace', () => {
  let dataFolder: string
  let calls: SystemCall[]
  const alone: Sent[] = []
  const crowd: Sent[] = []
  let removedAt: number

  beforeAll(async () => {
    const scratch = await makeScratch('strace')
    const trace = join(scratch.path, 'trace')
    dataFolder = join(scratch.path, 'data')
    const traced =
      'open,openat,creat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,fallocate,copy_file_range,fsync,fdatasync,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,unlink,unlinkat,rmdir,sendto,sendmsg'
    const server = await startServer({
      dataFolder,
      wrapper: ['strace', '-D', '-f', '-yy', '-s', '32', '-e', `trace=${traced}`, '-o', trace, '--'],
    })
    for (let number = 0; number < 6; number++) alone.push(await publish(server, makeOne(number)))
    removedAt = await send(server, { method: 'DELETE', path: '/lab/x86_64/p0' })
    const others = Array.from({ length: 12 }, (_, number) => publish(server, makeOne(10 + number)))
    crowd.push(...(await Promise.all(others)))
    await server.stop()
    calls = parseTrace(await readFile(trace, 'utf8'))
    return scratch.remove
  })

  /** The folders of the databases that packages of an architecture go to, as the last lonely publish of one shows. */
  function databasesOf(arch: string): string[] {
    const index = alone.findLastIndex((one) => one.arch === arch)
    const [previous, own] = [alone[index - 1], alone[index]].map((one) => findAnswer(calls, one?.port ?? 0))
    return findWrittenDatabases(calls, dataFolder, { after: previous?.end ?? 0, before: own?.begin ?? 0 })
  }

  test('answers a publish only when every byte and every name of it is synced, in this order', () => {
    const gaps = alone.flatMap((one) => findGaps(calls, dataFolder, { ...one, databases: 'all' }))
    expect(gaps).toEqual([])
  })

  test('answers publishes that share a commit no earlier', () => {
    expect(archs.map((arch) => databasesOf(arch).length)).toEqual([2, 1, 1])
    const gaps = crowd.flatMap((one) =>
      findGaps(calls, dataFolder, { ...one, databases: databasesOf(one.arch) }),
    )
    expect(gaps).toEqual([])
  })

  test('answers a removal only when nothing is left to sync', () => {
    const answer = findAnswer(calls, removedAt)
    expect(answer).toBeDefined()
    expect(findUnsynced(calls, dataFolder, answer?.begin ?? 0)).toEqual([])
  })
})

const archs = ['any', 'x86_64', 'aarch64']

/** Each of another size, and of many writes. */
function makeOne(number: number): PackageFile {
  return forgePackage({
    name: `p${number}`,
    version: '1-1',
    arch: archs[number % 3] as string,
    files: { 'usr/x': makeRandom(number).bytes(200_000 + number * 1000) },
  })
}

interface Sent {
  readonly arch: string
  readonly size: number
  readonly port: number
}

async function publish(server: VieterServer, file: PackageFile): Promise<Sent> {
  const port = await send(server, { method: 'POST', path: '/lab/publish', body: file.bytes })
  return { arch: file.arch, size: file.bytes.length, port }
}

interface Request {
  readonly method: string
  readonly path: string
  readonly body?: Buffer
}

/** Sends a request on a connection of its own and gives the client's port. Throws unless it is answered with 200. */
function send(server: VieterServer, { method, path, body }: Request): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'x-api-key': server.apiKey, ...(body ? { 'content-length': body.length } : {}) }
    const sent = request(`${server.address}${path}`, { method, headers, agent: false }, (response) => {
      const port = response.socket.localPort as number
      response.resume()
      response.once('end', () => {
        if (response.statusCode === 200) resolve(port)
        else reject(new Error(`${method} ${path} was answered with ${response.statusCode}.`))
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}
