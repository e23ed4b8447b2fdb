import { once } from 'node:events'
import type { Settings } from '@vieter/config'
import { describe, expect, test } from 'vitest'
import { editTarget } from '../src/services/edit-target.ts'
import { enqueueJob } from '../src/services/enqueue-job.ts'
import { findJobs } from '../src/services/find-jobs.ts'
import { startMaintenance } from '../src/services/maintenance.ts'
import { planCleanUp, resumeCleanUp } from '../src/services/plan-clean-up.ts'
import { prunePackages } from '../src/services/prune-packages.ts'
import { publishPackage } from '../src/services/publish-package.ts'
import { removeLogsBefore } from '../src/services/remove-log.ts'
import { removePackages } from '../src/services/remove-packages.ts'
import { adoptSettings, enqueueDueTargets } from '../src/services/run-schedules.ts'
import { endLog, insertLog } from '../src/store/logs.ts'
import { addTestTarget, leaseOne, streamOf } from './support/builds.ts'
import { makeContext, type TestContext } from './support/context.ts'
import { filesIn } from './support/folders.ts'
import { packageArchive } from './support/packages.ts'

/** Sets the clock to a time of this machine's day, `day` days after a first of February. */
function setClock(context: TestContext, day: number, hour: number, minute = 0): void {
  context.time = new Date(2027, 1, 1 + day, hour, minute).getTime() / 1000
}

function remove(context: TestContext): Promise<unknown> {
  const removal = { kind: 'remove-packages' as const, names: ['hello'], bases: [] }
  return removePackages(context, { repository: 'repo', removal, dryRun: false })
}

/** A server whose targets come due at their time to the second. */
function makeScheduling(changes: Partial<Settings> = {}): Promise<TestContext> {
  return makeContext({ schedule_jitter: 0, ...changes })
}

/** The same server as it is after a restart with other settings. */
function restartedWith(context: TestContext, changes: Partial<Settings>): Promise<void> {
  return adoptSettings({ ...context, settings: { ...context.settings, ...changes } })
}

async function enqueued(context: TestContext): Promise<string[]> {
  await enqueueDueTargets(context)
  const jobs = await findJobs(context, { limit: 2000, offset: 0 })
  await context.store.deleteFrom('jobs').execute()
  return jobs.map(({ target_id, arch }) => `${target_id} ${arch}`)
}

describe('a target whose schedule comes due', () => {
  test('is enqueued once, for each of its architectures', async () => {
    const context = await makeScheduling()
    setClock(context, 0, 12)
    await addTestTarget(context, { schedule: '0 5', arch: ['x86_64', 'aarch64'] })
    expect(await enqueued(context)).toEqual([])
    setClock(context, 1, 4, 59)
    expect(await enqueued(context)).toEqual([])
    setClock(context, 1, 5)
    expect(await enqueued(context)).toEqual(['1 x86_64', '1 aarch64'])
    expect(await enqueued(context)).toEqual([])
    setClock(context, 2, 5)
    expect(await enqueued(context)).toEqual(['1 x86_64', '1 aarch64'])
  })

  test('is enqueued once however often it came due while the server was down', async () => {
    const context = await makeScheduling()
    setClock(context, 0, 12)
    await addTestTarget(context, { schedule: '* *' })
    setClock(context, 20, 12)
    expect(await enqueued(context)).toEqual(['1 x86_64'])
    expect(await enqueued(context)).toEqual([])
  })

  test('is enqueued right after the server starts when it came due while it was off', async () => {
    const context = await makeScheduling()
    setClock(context, 0, 12)
    await addTestTarget(context, { schedule: '0 5' })
    setClock(context, 3, 12)
    const queued = once(context.jobEvents, 'queued')
    const stop = await startMaintenance(context)
    await queued
    await stop()
    expect(await findJobs(context, { limit: 10, offset: 0 })).toHaveLength(1)
    expect(await enqueued(context)).toHaveLength(1)
    expect(await enqueued(context)).toEqual([])
  })

  test('wakes the agents that wait', async () => {
    const context = await makeScheduling()
    setClock(context, 0, 12)
    await addTestTarget(context, { schedule: '0 5' })
    setClock(context, 1, 5)
    let woken = 0
    context.jobEvents.on('queued', () => woken++)
    await enqueued(context)
    expect(woken).toBe(1)
  })

  test('follows a schedule that was changed from then on', async () => {
    const context = await makeScheduling()
    setClock(context, 0, 12)
    await addTestTarget(context, { schedule: '0 5' })
    await editTarget(context, 1, { schedule: '0 20' })
    setClock(context, 1, 5)
    expect(await enqueued(context)).toEqual(['1 x86_64'])
    await editTarget(context, 1, { branch: 'dev' })
    setClock(context, 1, 19, 59)
    expect(await enqueued(context)).toEqual([])
    setClock(context, 1, 20)
    expect(await enqueued(context)).toEqual(['1 x86_64'])
  })

  test('stays due when its schedule is changed before anybody looked', async () => {
    const context = await makeScheduling()
    setClock(context, 0, 12)
    await addTestTarget(context, { schedule: '0 5' })
    setClock(context, 1, 6)
    await editTarget(context, 1, { schedule: '0 20' })
    expect(await enqueued(context)).toEqual(['1 x86_64'])
    setClock(context, 1, 20)
    expect(await enqueued(context)).toEqual(['1 x86_64'])
  })

  test('joins the job that is queued already, and leaves it as it is', async () => {
    const context = await makeScheduling()
    setClock(context, 0, 12)
    await addTestTarget(context, { schedule: '0 5', arch: ['x86_64', 'aarch64'] })
    await enqueueJob(context, { target: 1, arch: 'x86_64', force: true, timeout: 60 })
    setClock(context, 1, 5)
    await enqueueDueTargets(context)
    const jobs = await context.store.selectFrom('jobs').select(['arch', 'force', 'timeout']).execute()
    expect(jobs).toEqual([
      { arch: 'x86_64', force: 1, timeout: 60 },
      { arch: 'aarch64', force: 0, timeout: null },
    ])
  })

  test('waits behind the build that runs', async () => {
    const context = await makeScheduling()
    setClock(context, 0, 12)
    await addTestTarget(context, { schedule: '0 5' })
    await enqueueJob(context, { target: 1, arch: 'x86_64', force: false })
    await leaseOne(context)
    setClock(context, 1, 5)
    await enqueueDueTargets(context)
    const jobs = await findJobs(context, { limit: 10, offset: 0 })
    expect(jobs.map(({ state }) => state)).toEqual(['leased', 'queued'])
  })
})

test('as many targets as there are come due in one look', async () => {
  const context = await makeScheduling()
  setClock(context, 0, 12)
  for (let count = 0; count < 1001; count++) await addTestTarget(context, { schedule: `${count % 60} 5` })
  setClock(context, 1, 6)
  expect(new Set(await enqueued(context)).size).toBe(1001)
  expect(await enqueued(context)).toEqual([])
  setClock(context, 2, 5, 29)
  expect(await enqueued(context)).toHaveLength(16 * 30 + 30)
})

describe('a time zone', () => {
  test('says when schedules come due', async () => {
    const context = await makeScheduling({ time_zone: 'Asia/Tokyo' })
    context.time = Date.parse('2027-02-01T00:00:00Z') / 1000
    await addTestTarget(context, { schedule: '0 5' })
    context.time = Date.parse('2027-02-01T19:59:59Z') / 1000
    expect(await enqueued(context)).toEqual([])
    context.time += 1
    expect(await enqueued(context)).toEqual(['1 x86_64'])
  })

  test('that was changed holds from the next start on, for schedules of their own too', async () => {
    const context = await makeScheduling({ time_zone: 'Asia/Tokyo', global_schedule: '0 5' })
    context.time = Date.parse('2027-02-01T00:00:00Z') / 1000
    await addTestTarget(context)
    await addTestTarget(context, { schedule: '0 5' })
    await restartedWith(context, { time_zone: 'Asia/Kolkata' })
    context.time = Date.parse('2027-02-01T23:29:59Z') / 1000
    expect(await enqueued(context)).toEqual([])
    context.time += 1
    expect(await enqueued(context)).toEqual(['1 x86_64', '2 x86_64'])
  })
})

describe('jitter', () => {
  /** How many seconds after 05:00 each target is enqueued, in the order of their ids. */
  async function delaysOf(context: TestContext, day: number): Promise<number[]> {
    const delays: [number, number][] = []
    for (let second = 0; second <= 60; second++) {
      setClock(context, day, 5)
      context.time += second
      for (const job of await enqueued(context)) delays.push([Number.parseInt(job, 10), second])
    }
    return delays.sort(([a], [b]) => a - b).map(([, second]) => second)
  }

  test('spreads targets of one schedule over its span, each at the same place every day', async () => {
    const context = await makeContext({ schedule_jitter: 60 })
    setClock(context, 0, 12)
    for (let count = 0; count < 30; count++) await addTestTarget(context, { schedule: '0 5' })
    const delays = await delaysOf(context, 1)
    expect(delays).toHaveLength(30)
    for (const third of [0, 20, 40]) {
      const inThird = delays.filter((delay) => delay >= third && delay < third + 20)
      expect(inThird.length).toBeGreaterThanOrEqual(8)
    }
    expect(await delaysOf(context, 2)).toEqual(delays)
  })

  test('is no second run of the same tick', async () => {
    const context = await makeContext({ schedule_jitter: 60 })
    setClock(context, 0, 12)
    await addTestTarget(context, { schedule: '0 5' })
    setClock(context, 1, 5, 1)
    expect(await enqueued(context)).toEqual(['1 x86_64'])
    await restartedWith(context, {})
    setClock(context, 2, 4, 59)
    expect(await enqueued(context)).toEqual([])
  })

  test('that is changed while a tick is under way loses none', async () => {
    const context = await makeContext({ schedule_jitter: 3600 })
    setClock(context, 0, 12)
    await addTestTarget(context, { schedule: '0 5' })
    setClock(context, 1, 5, 1)
    expect(await enqueued(context)).toEqual([])
    await restartedWith(context, { schedule_jitter: 1800 })
    setClock(context, 1, 5, 59)
    expect(await enqueued(context)).toEqual(['1 x86_64'])
  })
})

describe('a target without a schedule of its own', () => {
  test('follows the global one', async () => {
    const context = await makeScheduling({ global_schedule: '30 3' })
    setClock(context, 0, 12)
    await addTestTarget(context)
    setClock(context, 1, 3, 29)
    expect(await enqueued(context)).toEqual([])
    setClock(context, 1, 3, 30)
    expect(await enqueued(context)).toEqual(['1 x86_64'])
  })

  test('follows the one that is set when the server starts again; the others keep their own', async () => {
    const context = await makeScheduling({ global_schedule: '0 3' })
    setClock(context, 0, 12)
    await addTestTarget(context)
    await addTestTarget(context, { schedule: '0 3' })
    await restartedWith(context, { global_schedule: '0 20' })
    setClock(context, 0, 20)
    expect(await enqueued(context)).toEqual(['1 x86_64'])
  })

  test('that is overdue when the server starts again stays due', async () => {
    const context = await makeScheduling({ global_schedule: '0 3' })
    setClock(context, 0, 12)
    await addTestTarget(context)
    setClock(context, 1, 6)
    await restartedWith(context, { global_schedule: '0 20' })
    expect(await enqueued(context)).toEqual(['1 x86_64'])
  })

  test('goes back to the global one when its own is cleared', async () => {
    const context = await makeScheduling({ global_schedule: '0 20' })
    setClock(context, 0, 12)
    await addTestTarget(context, { schedule: '0 5' })
    await editTarget(context, 1, { schedule: '' })
    setClock(context, 0, 20)
    expect(await enqueued(context)).toEqual(['1 x86_64'])
  })
})

describe('the clean-up', () => {
  const midnight = Date.parse('2027-02-02T00:00:00Z') / 1000

  test('comes due by its schedule, in the time zone that is set', async () => {
    const context = await makeContext({ time_zone: 'UTC' })
    context.time = midnight - 3600
    expect(await resumeCleanUp(context)).toBe(midnight)
    const elsewhere = { ...context, settings: { ...context.settings, time_zone: 'Asia/Tokyo' } }
    expect(await resumeCleanUp(elsewhere)).toBe(midnight + 15 * 3600)
  })

  test('that was missed while the server was off is due when it starts, once', async () => {
    const context = await makeContext({ time_zone: 'UTC' })
    context.time = midnight - 3600
    await resumeCleanUp(context)
    context.time = midnight + 3 * 86_400 + 3600
    expect(await resumeCleanUp(context)).toBeLessThan(context.time)
    expect(await planCleanUp(context)).toBe(midnight + 4 * 86_400)
    expect(await resumeCleanUp(context)).toBe(midnight + 4 * 86_400)
  })

  test('then runs without waiting for the next one', async () => {
    const context = await makeContext({ time_zone: 'UTC', max_log_age: 1 })
    context.time = midnight - 3600
    await resumeCleanUp(context)
    const id = await insertLog(context.store, { targetId: 1, arch: 'x86_64', startTime: 50 })
    await endLog(context.store, id, 100, 0)
    await context.logFiles.append(id, Buffer.from('x'))
    context.time = midnight + 3600
    const stop = await startMaintenance(context)
    await expect.poll(() => filesIn(`${context.folder}/logs`), { timeout: 10_000 }).toEqual([])
    await stop()
  })
})

describe('what is cleaned up', () => {
  test('files of removed packages, after seven days, and no others', async () => {
    const context = await makeContext()
    const publish = (version: string) =>
      publishPackage(context, {
        repository: 'repo',
        body: streamOf(packageArchive({ version })),
        replace: false,
      })
    await publish('1-1')
    await publish('2-1')
    await publish('3-1')
    context.time += 7 * 86_400
    await remove(context)
    expect(await prunePackages(context)).toBe(0)
    context.time += 1
    expect(await prunePackages(context)).toBe(2)
    expect(filesIn(`${context.folder}/packages`)).toHaveLength(1)
    context.time += 7 * 86_400
    expect(await prunePackages(context)).toBe(1)
    expect(filesIn(`${context.folder}/packages`)).toEqual([])
  })

  test('but two versions of each package that a repository holds stay, however old', async () => {
    const context = await makeContext()
    for (const version of ['1-1', '2-1', '3-1', '4-1']) {
      const body = streamOf(packageArchive({ version }))
      await publishPackage(context, { repository: 'repo', body, replace: false })
      context.time += 8 * 86_400
    }
    expect(await prunePackages(context)).toBe(2)
    const rows = await context.store.selectFrom('packages').select('version').orderBy('id').execute()
    expect(rows.map(({ version }) => version)).toEqual(['3-1', '4-1'])
    expect(filesIn(`${context.folder}/packages`)).toHaveLength(2)
  })

  test('a package that came back in time stays', async () => {
    const context = await makeContext()
    const publish = () =>
      publishPackage(context, { repository: 'repo', body: streamOf(packageArchive()), replace: false })
    await publish()
    await remove(context)
    await publish()
    context.time += 8 * 86_400
    expect(await prunePackages(context)).toBe(0)
  })

  test('logs that ended before a time; never those of builds that run', async () => {
    const context = await makeContext()
    for (const end of [100, 200, 300]) {
      const id = await insertLog(context.store, { targetId: 1, arch: 'x86_64', startTime: 50 })
      await endLog(context.store, id, end, 0)
      await context.logFiles.append(id, Buffer.from('x'))
    }
    await insertLog(context.store, { targetId: 1, arch: 'x86_64', startTime: 1 })
    await context.logFiles.append(4, Buffer.from('x'))
    expect(await removeLogsBefore(context, 300)).toBe(2)
    expect(filesIn(`${context.folder}/logs`)).toEqual(['3.log', '4.log'])
  })
})
