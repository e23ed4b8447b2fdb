import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { keyHolder } from '../src/domain/scopes.ts'
import { addLog } from '../src/services/add-log.ts'
import { appendLog } from '../src/services/append-log.ts'
import { enqueueJob } from '../src/services/enqueue-job.ts'
import { expireLeases } from '../src/services/expire-leases.ts'
import { extendLease } from '../src/services/extend-lease.ts'
import { findFile } from '../src/services/find-file.ts'
import { findJobs } from '../src/services/find-jobs.ts'
import { findLogContent, findLogs } from '../src/services/find-logs.ts'
import { finishBuild } from '../src/services/finish-build.ts'
import { leaseJobs, pollJobs } from '../src/services/lease-jobs.ts'
import { publishPackage } from '../src/services/publish-package.ts'
import { removeTarget } from '../src/services/remove-target.ts'
import { startJob } from '../src/services/start-job.ts'
import { uploadBuiltPackage } from '../src/services/upload-built-package.ts'
import { addTestTarget, claimOf, codeOf, leaseNow, leaseOne, streamOf } from './support/builds.ts'
import { makeContext, type TestContext } from './support/context.ts'
import { filesIn } from './support/folders.ts'
import { packageArchive } from './support/packages.ts'

const all = { limit: 100, offset: 0 }

async function jobsOf(context: TestContext): Promise<string[]> {
  const jobs = await findJobs(context, all)
  return jobs.map(
    ({ target_id, arch, state, force }) => `${target_id} ${arch} ${state}${force ? ' forced' : ''}`,
  )
}

async function logsOf(context: TestContext): Promise<[number, number][]> {
  return (await findLogs(context, all)).map(({ id, exit_code }) => [id, exit_code])
}

async function textOf(context: TestContext, logId: number): Promise<string> {
  const content = await findLogContent(context, logId)
  if (content.size === 0) return ''
  const blob = await content.open()
  const bytes = Buffer.alloc(blob.size)
  await blob.read(bytes, 0)
  await blob.close()
  return bytes.toString()
}

function enqueue(context: TestContext, target: number, force = false, arch = 'x86_64'): Promise<void> {
  return enqueueJob(context, { target, arch, force })
}

function upload(context: TestContext, lease: Parameters<typeof claimOf>[0], name: string, content = 'x') {
  const archive = packageArchive({ name, files: { 'usr/x': content } })
  return uploadBuiltPackage(context, claimOf(lease), streamOf(archive))
}

function append(context: TestContext, lease: Parameters<typeof claimOf>[0], offset: number, text: string) {
  return appendLog(context, claimOf(lease), { offset, bytes: Buffer.from(text) })
}

function packageFiles(context: TestContext): number {
  return filesIn(join(context.folder, 'packages')).length
}

/** Whether NAME-1.0-1 is in the database of repository `repo`. */
function isPublished(context: TestContext, name: string): Promise<boolean> {
  const request = { repository: 'repo', arch: 'x86_64', filename: `${name}-1.0-1` }
  return findFile(context, request).then(
    () => true,
    () => false,
  )
}

describe('a request for a build', () => {
  test('joins the queued job of the same target and architecture, and can only make it stricter', async () => {
    const context = await makeContext()
    const target = await addTestTarget(context)
    await enqueue(context, target)
    await enqueue(context, target, true)
    await enqueue(context, target)
    await enqueue(context, target, false, 'aarch64')
    expect(await jobsOf(context)).toEqual(['1 x86_64 queued forced', '1 aarch64 queued'])
  })

  test('waits as exactly one follow-up while the job is leased', async () => {
    const context = await makeContext()
    const target = await addTestTarget(context)
    await enqueue(context, target)
    const first = await leaseOne(context)
    for (let i = 0; i < 3; i++) await enqueue(context, target)
    expect(await jobsOf(context)).toEqual(['1 x86_64 leased', '1 x86_64 queued'])
    expect(await leaseNow(context)).toEqual([])
    await finishBuild(context, claimOf(first), 0)
    const second = await leaseOne(context)
    expect(second.log_id).not.toBe(first.log_id)
    await finishBuild(context, claimOf(second), 0)
    expect(await jobsOf(context)).toEqual([])
  })

  test('of an unknown target or for no machine is refused', async () => {
    const context = await makeContext()
    expect(await codeOf(enqueue(context, 1))).toBe('PARAMETER_INVALID')
    const target = await addTestTarget(context)
    expect(await codeOf(enqueue(context, target, false, 'any'))).toBe('PARAMETER_INVALID')
  })

  test('is leased in the order it came in, no more than are asked for', async () => {
    const context = await makeContext()
    for (let i = 0; i < 3; i++) await enqueue(context, await addTestTarget(context))
    expect((await leaseNow(context, 2)).map((lease) => lease.target_id)).toEqual([1, 2])
    expect((await leaseNow(context)).map((lease) => lease.target_id)).toEqual([3])
  })

  test('tells the agent everything that it needs', async () => {
    const context = await makeContext({ base_image: 'base', default_build_timeout: 77, lease_duration: 60 })
    const target = await addTestTarget(context)
    await enqueueJob(context, { target, arch: 'x86_64', force: true, timeout: undefined })
    const { token, ...lease } = await leaseOne(context)
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(lease).toEqual({
      job_id: 1,
      log_id: 1,
      expires_at: context.time + 60,
      arch: 'x86_64',
      target_id: 1,
      kind: 'git',
      url: 'https://example.org/a.git',
      branch: '',
      path: '',
      repo: 'repo',
      base_image: 'base',
      force: true,
      timeout: 77,
    })
  })
})

describe('a lease', () => {
  async function leased(
    settings = {},
  ): Promise<{ context: TestContext; lease: Awaited<ReturnType<typeof leaseOne>> }> {
    const context = await makeContext({ lease_duration: 60, ...settings })
    await enqueue(context, await addTestTarget(context))
    return { context, lease: await leaseOne(context) }
  }

  test('is extended from now on', async () => {
    const { context, lease } = await leased()
    context.time += 50
    expect(await extendLease(context, claimOf(lease))).toEqual({ expires_at: context.time + 60 })
    context.time += 59
    await expireLeases(context)
    expect(await jobsOf(context)).toEqual(['1 x86_64 leased'])
  })

  test('is nobody’s without its token', async () => {
    const { context, lease } = await leased()
    for (const token of ['', 'x', lease.token.slice(1), `${lease.token}x`]) {
      const claim = { ...claimOf(lease), token }
      expect(await codeOf(extendLease(context, claim))).toBe('LEASE_LOST')
      expect(await codeOf(finishBuild(context, claim, 0))).toBe('LEASE_LOST')
    }
    expect(await codeOf(extendLease(context, { ...claimOf(lease), jobId: 99 }))).toBe('LEASE_LOST')
  })

  test('that expired is lost at once, before anyone has looked', async () => {
    const { context, lease } = await leased()
    context.time += 60
    expect(await codeOf(extendLease(context, claimOf(lease)))).toBe('LEASE_LOST')
  })

  test('that expired goes back to the queue, and the dead attempt’s log is kept', async () => {
    const { context, lease } = await leased()
    await append(context, lease, 0, 'building\n')
    context.time += 60
    await expireLeases(context)
    expect(await jobsOf(context)).toEqual(['1 x86_64 queued'])
    expect(await logsOf(context)).toEqual([[lease.log_id, 255]])
    expect(await textOf(context, lease.log_id)).toBe(
      'building\n==> vieter: The agent agent went silent. The job goes back to the queue.\n',
    )
    const next = await leaseOne(context)
    expect(next.log_id).not.toBe(lease.log_id)
    expect(next.token).not.toBe(lease.token)
  })

  test('that expired joins the follow-up that waits, and keeps its force', async () => {
    const context = await makeContext({ lease_duration: 60 })
    const target = await addTestTarget(context)
    await enqueue(context, target, true)
    await leaseOne(context)
    await enqueue(context, target)
    context.time += 60
    await expireLeases(context)
    expect(await jobsOf(context)).toEqual(['1 x86_64 queued forced'])
  })

  test('that expired fences off its late holder: uploads, log, extension, finish', async () => {
    const { context, lease } = await leased()
    await upload(context, lease, 'early')
    context.time += 60
    await expireLeases(context)
    expect(packageFiles(context)).toBe(0)
    const next = await leaseOne(context)
    expect(await codeOf(upload(context, lease, 'late'))).toBe('LEASE_LOST')
    expect(await codeOf(append(context, lease, 0, 'x'))).toBe('LEASE_LOST')
    expect(await codeOf(extendLease(context, claimOf(lease)))).toBe('LEASE_LOST')
    expect(await codeOf(finishBuild(context, claimOf(lease), 0))).toBe('LEASE_LOST')
    expect(packageFiles(context)).toBe(0)
    await upload(context, next, 'new')
    const finished = await finishBuild(context, claimOf(next), 0)
    expect(finished.published.map(({ name }) => name)).toEqual(['new'])
    expect(await isPublished(context, 'early')).toBe(false)
  })

  test('that expires while a package comes in refuses it, and keeps nothing of it', async () => {
    const { context, lease } = await leased()
    const archive = packageArchive()
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield archive.subarray(0, 50)
      context.time += 60
      await expireLeases(context)
      yield archive.subarray(50)
    }
    expect(await codeOf(uploadBuiltPackage(context, claimOf(lease), { chunks: slow() }))).toBe('LEASE_LOST')
    expect(packageFiles(context)).toBe(0)
  })

  test('is given up with the third that expires: the build may be what kills the agents', async () => {
    const { context } = await leased()
    for (const attempt of [1, 2, 3]) {
      context.time += 60
      await expireLeases(context)
      if (attempt < 3) await leaseOne(context)
    }
    expect(await jobsOf(context)).toEqual([])
    expect((await logsOf(context)).map(([, code]) => code)).toEqual([255, 255, 255])
    expect(await textOf(context, 3)).toContain('The job is given up after 3 attempts.')
  })

  test('that ended is ended: a second finish is refused', async () => {
    const { context, lease } = await leased()
    await finishBuild(context, claimOf(lease), 1)
    expect(await codeOf(finishBuild(context, claimOf(lease), 0))).toBe('LEASE_LOST')
    expect(await logsOf(context)).toEqual([[lease.log_id, 1]])
  })
})

describe('a build that ends', () => {
  async function building(): Promise<{ context: TestContext; lease: Awaited<ReturnType<typeof leaseOne>> }> {
    const context = await makeContext()
    await enqueue(context, await addTestTarget(context))
    return { context, lease: await leaseOne(context) }
  }

  test('well, publishes all its packages in one generation', async () => {
    const { context, lease } = await building()
    for (const name of ['a', 'b', 'c']) {
      expect(await upload(context, lease, name)).toEqual({ name, version: '1.0-1', archs: [] })
      expect(await isPublished(context, name)).toBe(false)
    }
    expect(await finishBuild(context, claimOf(lease), 0)).toEqual({
      log_id: lease.log_id,
      published: ['a', 'b', 'c'].map((name) => ({ name, version: '1.0-1', archs: ['x86_64'] })),
      leftovers: [],
    })
    expect(filesIn(join(context.folder, 'databases'))).toEqual(['1/1.pack'])
    for (const name of ['a', 'b', 'c']) expect(await isPublished(context, name)).toBe(true)
    expect(await logsOf(context)).toEqual([[lease.log_id, 0]])
    expect(packageFiles(context)).toBe(3)
  })

  test('well, publishes its debug packages elsewhere in the same commit, or not at all', async () => {
    const { context, lease } = await building()
    const configure = (debug_packages: 'separate' | 'drop') =>
      context.commits.submit('repo', { kind: 'configure', changes: { debug_packages }, isNew: false })
    await context.commits.submit('repo', { kind: 'configure', changes: {}, isNew: true })
    await configure('separate')
    const debug = packageArchive({ name: 'a-debug', pkginfo: 'pkgbase = a\n' })
    await upload(context, lease, 'a')
    await uploadBuiltPackage(context, claimOf(lease), streamOf(debug))
    expect((await finishBuild(context, claimOf(lease), 0)).published).toEqual([
      { name: 'a', version: '1.0-1', archs: ['x86_64'] },
      { name: 'a-debug', version: '1.0-1', archs: ['x86_64'], repo: 'repo-debug' },
    ])
    await configure('drop')
    await enqueue(context, lease.target_id)
    const next = await leaseOne(context)
    await uploadBuiltPackage(context, claimOf(next), streamOf(debug))
    expect((await finishBuild(context, claimOf(next), 0)).published).toMatchObject([
      { name: 'a-debug', archs: [], warnings: [{ code: 'DEBUG_PACKAGE_DROPPED' }] },
    ])
    expect(await jobsOf(context)).toEqual([])
    expect(packageFiles(context)).toBe(2)
  })

  test('badly, publishes none of them and keeps no file', async () => {
    const { context, lease } = await building()
    await upload(context, lease, 'a')
    expect(await finishBuild(context, claimOf(lease), 4)).toEqual({
      log_id: lease.log_id,
      published: [],
      leftovers: [],
    })
    expect(await isPublished(context, 'a')).toBe(false)
    expect(packageFiles(context)).toBe(0)
    expect(await logsOf(context)).toEqual([[lease.log_id, 4]])
  })

  test('with one package that cannot be published, publishes none; the lease holds on for the agent to say so', async () => {
    const { context, lease } = await building()
    const other = packageArchive({ name: 'b', files: { 'usr/x': 'other' } })
    await publishPackage(context, { repository: 'repo', body: streamOf(other), replace: false })
    for (const name of ['a', 'b', 'c']) await upload(context, lease, name)
    expect(await codeOf(finishBuild(context, claimOf(lease), 0))).toBe('PACKAGE_EXISTS')
    expect(await Promise.all(['a', 'b', 'c'].map((name) => isPublished(context, name)))).toEqual([
      false,
      true,
      false,
    ])
    expect(await jobsOf(context)).toEqual(['1 x86_64 leased'])
    await append(context, lease, 0, 'refused\n')
    await finishBuild(context, claimOf(lease), 1)
    expect(packageFiles(context)).toBe(1)
    expect(await jobsOf(context)).toEqual([])
  })

  test('may hand in a package again: the last one counts', async () => {
    const { context, lease } = await building()
    await upload(context, lease, 'a', 'first')
    await upload(context, lease, 'a', 'second')
    expect(packageFiles(context)).toBe(1)
    expect((await finishBuild(context, claimOf(lease), 0)).published).toHaveLength(1)
  })

  test('of the same package as was published already is fine, and stores it once', async () => {
    const { context, lease } = await building()
    const same = packageArchive({ name: 'a', files: { 'usr/x': 'x' } })
    await publishPackage(context, { repository: 'repo', body: streamOf(same), replace: false })
    await upload(context, lease, 'a')
    expect((await finishBuild(context, claimOf(lease), 0)).published).toHaveLength(1)
    expect(packageFiles(context)).toBe(1)
  })

  test('brings all packages of its pkgbase, also when that is one: what it has no more is told of', async () => {
    const { context, lease } = await building()
    const old = packageArchive({ name: 'a-docs', version: '0.9-1', pkginfo: 'pkgbase = a\n' })
    await publishPackage(context, { repository: 'repo', body: streamOf(old), replace: false })
    await upload(context, lease, 'a')
    expect((await finishBuild(context, claimOf(lease), 0)).leftovers).toEqual([
      { name: 'a-docs', base: 'a', version: '0.9-1', archs: ['x86_64'], removed: false },
    ])
  })

  test('may be of a target that was removed meanwhile: it goes where it was meant to go', async () => {
    const { context, lease } = await building()
    await upload(context, lease, 'a')
    await removeTarget(context, lease.target_id)
    expect(await jobsOf(context)).toEqual(['1 x86_64 leased'])
    await finishBuild(context, claimOf(lease), 0)
    expect(await isPublished(context, 'a')).toBe(true)
    expect(await logsOf(context)).toEqual([[lease.log_id, 0]])
  })

  test('of a removed target by its agent’s silence is not handed out again', async () => {
    const { context, lease } = await building()
    await removeTarget(context, lease.target_id)
    context.time += 60
    await expireLeases(context)
    expect(await leaseNow(context)).toEqual([])
    expect(await jobsOf(context)).toEqual([])
  })
})

describe('the log of a build', () => {
  test('grows by pieces, each at the end', async () => {
    const context = await makeContext()
    await enqueue(context, await addTestTarget(context))
    const lease = await leaseOne(context)
    expect(await append(context, lease, 0, 'one\n')).toBe(4)
    expect(await append(context, lease, 4, 'two\n')).toBe(8)
    expect(await append(context, lease, 8, '')).toBe(8)
    expect(await textOf(context, lease.log_id)).toBe('one\ntwo\n')
  })

  test('takes a piece once that comes again, because its answer was lost', async () => {
    const context = await makeContext()
    await enqueue(context, await addTestTarget(context))
    const lease = await leaseOne(context)
    await append(context, lease, 0, 'one\n')
    expect(await append(context, lease, 0, 'one\n')).toBe(4)
    expect(await append(context, lease, 4, 'two\n')).toBe(8)
    expect(await append(context, lease, 4, 'two\n')).toBe(8)
    expect(await textOf(context, lease.log_id)).toBe('one\ntwo\n')
  })

  test.each([
    [1, 'xxx'],
    [0, 'x'],
    [0, 'xxxxx'],
    [5, 'x'],
    [3, 'xx'],
  ])('refuses a piece that does not fit: at %i, %j', async (offset, text) => {
    const context = await makeContext()
    await enqueue(context, await addTestTarget(context))
    const lease = await leaseOne(context)
    await append(context, lease, 0, 'one\n')
    const attempt = append(context, lease, offset, text)
    if (offset + text.length === 4) await attempt
    else
      await expect(attempt).rejects.toMatchObject({
        code: 'LOG_OFFSET_MISMATCH',
        message: `The log has 4 bytes; this piece begins at ${offset}.`,
      })
    expect(await textOf(context, lease.log_id)).toBe('one\n')
  })

  test('has an end', async () => {
    const context = await makeContext({ max_log_size: 1 })
    await enqueue(context, await addTestTarget(context))
    const lease = await leaseOne(context)
    await append(context, lease, 0, 'x'.repeat(1 << 20))
    expect(await codeOf(append(context, lease, 1 << 20, 'x'))).toBe('BODY_TOO_LARGE')
  })

  test('is read while the build runs, but is listed only when it has ended', async () => {
    const context = await makeContext()
    await enqueue(context, await addTestTarget(context))
    const lease = await leaseOne(context)
    await append(context, lease, 0, 'so far\n')
    expect(await textOf(context, lease.log_id)).toBe('so far\n')
    expect(await logsOf(context)).toEqual([])
  })
})

describe('an agent that waits for a job', () => {
  function wait(context: TestContext, signal = new AbortController().signal) {
    return leaseJobs(context, { archs: ['x86_64'], max: 5, agent: 'a', caller: keyHolder, wait: 60, signal })
  }

  test('gets it as soon as it is queued', async () => {
    const context = await makeContext()
    const target = await addTestTarget(context)
    const waiting = wait(context)
    await enqueue(context, target)
    expect((await waiting).map((lease) => lease.target_id)).toEqual([target])
  })

  test('gets the follow-up as soon as the build before has ended', async () => {
    const context = await makeContext()
    const target = await addTestTarget(context)
    await enqueue(context, target)
    const first = await leaseOne(context)
    await enqueue(context, target)
    const waiting = wait(context)
    await finishBuild(context, claimOf(first), 0)
    expect(await waiting).toHaveLength(1)
  })

  test('does not get one that another took, and goes on waiting', async () => {
    const context = await makeContext()
    const target = await addTestTarget(context)
    const hungUp = new AbortController()
    const waiting = [wait(context, hungUp.signal), wait(context, hungUp.signal)]
    await enqueue(context, target)
    expect(await Promise.race(waiting)).toHaveLength(1)
    hungUp.abort()
    expect((await Promise.all(waiting)).flat()).toHaveLength(1)
  })

  test('takes none once it has hung up', async () => {
    const context = await makeContext()
    const target = await addTestTarget(context)
    const hungUp = new AbortController()
    const waiting = wait(context, hungUp.signal)
    hungUp.abort()
    expect(await waiting).toEqual([])
    await enqueue(context, target)
    expect(await jobsOf(context)).toEqual(['1 x86_64 queued'])
  })

  test('is sent away when the server stops', async () => {
    const context = await makeContext()
    const waiting = wait(context)
    context.stopping.abort()
    expect(await waiting).toEqual([])
  })

  test('leaves nothing behind that listens', async () => {
    const context = await makeContext()
    const target = await addTestTarget(context)
    for (let i = 0; i < 20; i++) {
      const hungUp = new AbortController()
      const waiting = wait(context, hungUp.signal)
      await enqueue(context, target)
      const [lease] = await waiting
      if (lease) await finishBuild(context, claimOf(lease), 0)
      hungUp.abort()
    }
    expect(context.jobEvents.listenerCount('queued')).toBe(0)
  })
})

describe('a person who builds on the machine at hand', () => {
  test('gets the lease at once, and takes over the request that was queued', async () => {
    const context = await makeContext()
    const target = await addTestTarget(context)
    await enqueue(context, target)
    const start = (id: number) =>
      startJob(context, { target: id, arch: 'x86_64', force: true, agent: 'me', caller: keyHolder })
    const lease = await start(target)
    expect(lease).toMatchObject({ job_id: 1, force: true })
    expect(await jobsOf(context)).toEqual(['1 x86_64 leased forced'])
    expect(await codeOf(start(target))).toBe('JOB_RUNNING')
    expect(await codeOf(start(9))).toBe('TARGET_NOT_FOUND')
  })
})

describe('an agent of Vieter 0.6', () => {
  const poll = (context: TestContext) => pollJobs(context, { arch: 'x86_64', max: 10, caller: keyHolder })
  const endLog = (context: TestContext, target: number, exitCode: number) =>
    addLog(context, {
      target,
      arch: 'x86_64',
      startTime: context.time - 10,
      endTime: context.time,
      exitCode,
      bytes: Buffer.from('built\n'),
      caller: keyHolder,
    })

  test('ends the build with its log', async () => {
    const context = await makeContext()
    const target = await addTestTarget(context)
    await enqueue(context, target)
    expect(await poll(context)).toHaveLength(1)
    expect(await poll(context)).toEqual([])
    expect(await jobsOf(context)).toEqual(['1 x86_64 leased'])
    const id = await endLog(context, target, 3)
    expect(await jobsOf(context)).toEqual([])
    expect(await findLogs(context, all)).toEqual([
      {
        id,
        target_id: target,
        start_time: context.time - 10,
        end_time: context.time,
        arch: 'x86_64',
        exit_code: 3,
      },
    ])
    expect(await textOf(context, id)).toBe('built\n')
  })

  test('has the time that the build may take, and half an hour; its silence expires it then', async () => {
    const context = await makeContext({ default_build_timeout: 3600, lease_duration: 60 })
    const target = await addTestTarget(context)
    await enqueue(context, target)
    await poll(context)
    context.time += 3600 + 1799
    await expireLeases(context)
    expect(await poll(context)).toEqual([])
    context.time += 1
    await expireLeases(context)
    expect(await logsOf(context)).toEqual([[1, 255]])
    expect(await poll(context)).toHaveLength(1)
  })

  test('that comes back late has its log kept, and harms no other build', async () => {
    const context = await makeContext()
    const target = await addTestTarget(context)
    await enqueue(context, target)
    await poll(context)
    context.time += 10_000
    await expireLeases(context)
    const lease = await leaseOne(context)
    await endLog(context, target, 0)
    expect(await jobsOf(context)).toEqual(['1 x86_64 leased'])
    await extendLease(context, claimOf(lease))
    expect(await logsOf(context)).toHaveLength(2)
  })

  test('holds no lease that a token could claim, an empty one included', async () => {
    const context = await makeContext()
    await enqueue(context, await addTestTarget(context))
    await poll(context)
    expect(await codeOf(finishBuild(context, { jobId: 1, token: '', caller: keyHolder }, 0))).toBe(
      'LEASE_LOST',
    )
  })

  test('stores a log that nobody asked for as well', async () => {
    const context = await makeContext()
    const target = await addTestTarget(context)
    expect(await endLog(context, target, 0)).toBe(1)
    expect(await codeOf(endLog(context, 99, 0))).toBe('PARAMETER_INVALID')
  })
})
