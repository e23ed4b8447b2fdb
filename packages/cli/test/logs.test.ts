import type { Job, Log } from '@vieter/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startContractServer } from './contract-server.ts'
import { vieter } from './vieter.ts'

const timeZone = process.env.TZ
beforeAll(() => {
  process.env.TZ = 'Europe/Brussels'
})
afterAll(() => {
  if (timeZone === undefined) delete process.env.TZ
  else process.env.TZ = timeZone
})

/** 2026-01-31 18:30:05 UTC, half past seven in the evening in Brussels. */
const evening = Date.UTC(2026, 0, 31, 18, 30, 5) / 1000

const log: Log = {
  id: 1,
  target_id: 2,
  start_time: evening,
  end_time: evening + 3_725,
  arch: 'x86_64',
  exit_code: 1,
}

describe('logs list', () => {
  test('shows local times', async () => {
    await using server = await startContractServer({ listLogs: () => [log] })
    const { stdout } = await vieter(['logs', 'list'], { server })
    expect(stdout).toBe(
      'id  target  start time           exit code  arch    duration\n' +
        '1   2       2026-01-31 19:30:05  1          x86_64  1h 2m\n',
    )
  })

  test('--raw keeps the columns in place', async () => {
    await using server = await startContractServer({ listLogs: () => [log] })
    const { stdout } = await vieter(['logs', 'list', '-r'], { server })
    expect(stdout).toBe('1\t2\t2026-01-31 19:30:05\t1\tx86_64\t1h 2m\n')
  })

  const midnight = Date.UTC(2026, 0, 30, 23) / 1000

  test.each([
    [['--day', '2026-01-31'], { after: midnight - 1, before: midnight + 86_400 }],
    [['-d', '2026-01-31'], { after: midnight - 1, before: midnight + 86_400 }],
    [['--today'], { after: midnight - 1, before: midnight + 86_400 }],
    [['-t', '--after', '2026-01-31 12:00:00'], { after: midnight + 43_200, before: midnight + 86_400 }],
    [['--before', '2026-01-31 19:30:05'], { before: evening }],
    [['--after', '2026-01-31T19:30'], { after: evening - 5 }],
    [
      ['--day', '2026-03-29'],
      { after: Date.UTC(2026, 2, 28, 23) / 1000 - 1, before: Date.UTC(2026, 2, 29, 22) / 1000 },
    ],
    [['--before', '1960-01-01'], { before: 1 }],
    [['--failed'], { exit_codes: ['!0'] }],
    [['--code', '1', '--code', '!2,3'], { exit_codes: ['1', '!2', '3'] }],
    [
      ['--target', '5', '--arch', 'i686', '-l', '1', '-o', '2'],
      { target: 5, arch: 'i686', limit: 1, offset: 2 },
    ],
  ])('%j asks for %j', async (flags, query) => {
    await using server = await startContractServer({ listLogs: () => [] })
    await vieter(['logs', 'list', ...flags], { server, now: new Date(evening * 1000) })
    expect(server.calls[0]?.query).toEqual({ limit: 25, offset: 0, ...query })
  })

  test.each([
    [['--day', '2026-02-30'], 'It must be a day, written YYYY-MM-DD.'],
    [['--day', '31.1.2026'], 'It must be a day, written YYYY-MM-DD.'],
    [['--before', 'yesterday'], 'It must be a time, written YYYY-MM-DD HH:mm:ss.'],
    [['--after', '2026-01-31 25:00:00'], 'It must be a time, written YYYY-MM-DD HH:mm:ss.'],
    [['--code', 'bad'], 'It must be an exit code such as 1, or !1.'],
  ])('%j is refused', async (flags, message) => {
    const { stderr, code } = await vieter(['logs', 'list', ...flags])
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})

test('logs info and remove', async () => {
  await using server = await startContractServer({ getLog: () => log, removeLog: () => undefined })
  expect((await vieter(['logs', 'info', '1'], { server })).stdout).toContain(
    'start time  2026-01-31 19:30:05\n',
  )
  expect(JSON.parse((await vieter(['logs', 'info', '1', '--json'], { server })).stdout)).toEqual(log)
  expect((await vieter(['logs', 'remove', '1'], { server })).stdout).toBe('Removed log 1.\n')
})

describe('logs content', () => {
  const content = '==> \u001b[1;32mMaking\u001b[0m it\r\n50%\r100%\n\u001b]0;owned\u0007\u001b[2Jdone\t€\n'

  test('goes as it is into a pipe', async () => {
    await using server = await startContractServer({ getLogContent: () => content })
    expect((await vieter(['logs', 'content', '1'], { server })).stdout).toBe(content)
  })

  test('keeps only colours on a terminal', async () => {
    await using server = await startContractServer({ getLogContent: () => content })
    const { stdout } = await vieter(['logs', 'content', '1'], { server, terminal: 80 })
    expect(stdout).toBe('==> \u001b[1;32mMaking\u001b[0m it\n50%\n100%\n␛]0;owned␇␛[2Jdone\t€\n\u001b[0m')
  })

  test('has no colours with NO_COLOR', async () => {
    await using server = await startContractServer({ getLogContent: () => content })
    const { stdout } = await vieter(['logs', 'content', '1'], {
      server,
      terminal: 80,
      environment: { NO_COLOR: '1' },
    })
    expect(stdout).toBe('==> Making it\n50%\n100%\n␛]0;owned␇␛[2Jdone\t€\n')
  })

  test('--follow goes on until the job is gone, printing nothing twice', async () => {
    const job: Job = {
      id: 1,
      target_id: 1,
      arch: 'x86_64',
      state: 'leased',
      force: false,
      created_at: evening,
      agent: 'a',
      log_id: 8,
    }
    const pieces = ['one\n', 'one\ntwo\n', 'one\ntwo\nthree\n']
    let round = 0
    await using server = await startContractServer({
      listJobs: () => (round < 2 ? [job] : []),
      getLogContent: () => pieces[round],
    })
    const onWait = () => {
      round += 1
    }
    const { stdout, code } = await vieter(['logs', 'content', '8', '--follow'], { server, onWait })
    expect(stdout).toBe('one\ntwo\nthree\n')
    expect(code).toBe(0)
  })
})

test('jobs list shows the queue', async () => {
  const jobs: Job[] = [
    {
      id: 1,
      target_id: 2,
      arch: 'x86_64',
      state: 'leased',
      force: true,
      created_at: evening,
      agent: 'box',
      log_id: 3,
    },
    {
      id: 2,
      target_id: 2,
      arch: 'x86_64',
      state: 'queued',
      force: false,
      created_at: evening,
      agent: '',
      log_id: 0,
    },
  ]
  await using server = await startContractServer({ listJobs: () => jobs })
  const { stdout } = await vieter(['jobs', 'list'], { server })
  expect(stdout).toBe(
    'id  target  arch    state   queued at            force  agent  log\n' +
      '1   2       x86_64  leased  2026-01-31 19:30:05  yes    box    3\n' +
      '2   2       x86_64  queued  2026-01-31 19:30:05\n',
  )
  expect(JSON.parse((await vieter(['jobs', 'list', '--json'], { server })).stdout)).toEqual(jobs)
})

describe('schedule', () => {
  const now = new Date(evening * 1000)

  test('shows the schedule in words and the next times, local', async () => {
    const { stdout } = await vieter(['schedule', '0 3'], { now })
    const days = ['01', '02', '03', '04', '05']
    expect(stdout).toBe(
      `every day at 03:00\n${days.map((day) => `2026-02-${day} 03:00:00 +01:00\n`).join('')}`,
    )
  })

  test('takes the expression as several words too', async () => {
    const { stdout } = await vieter(['schedule', '*/15', '8-18', '--count', '1'], { now })
    expect(stdout).toBe('every 15 minutes of the hours 8 to 18\n2026-02-01 08:00:00 +01:00\n')
  })

  test('--raw gives the times alone', async () => {
    const { stdout } = await vieter(['schedule', '0 3', '--count', '1', '--raw'], { now })
    expect(stdout).toBe('2026-02-01 03:00:00 +01:00\n')
  })

  test('--json gives UTC', async () => {
    const { stdout } = await vieter(['schedule', '0 3', '--count', '1', '--json'], { now })
    expect(JSON.parse(stdout)).toEqual({ words: 'every day at 03:00', times: ['2026-02-01T02:00:00.000Z'] })
  })

  test.each([
    ['America/New_York', '2026-02-01 03:00:00 -05:00'],
    ['Asia/Kolkata', '2026-02-01 03:00:00 +05:30'],
    ['UTC', '2026-02-01 03:00:00 +00:00'],
  ])('--time-zone %s gives the times there', async (zone, time) => {
    const options = ['--count', '1', '--raw', '--time-zone', zone]
    expect((await vieter(['schedule', '0 3', ...options], { now })).stdout).toBe(`${time}\n`)
    const environment = { VIETER_TIME_ZONE: zone }
    const bySetting = await vieter(['schedule', '0 3', '--count', '1', '--raw'], { now, environment })
    expect(bySetting.stdout).toBe(`${time}\n`)
  })

  test('shows how the clocks are changed', async () => {
    const options = ['--count', '3', '--raw', '--time-zone', 'Europe/Berlin']
    const { stdout } = await vieter(['schedule', '30 2', ...options], {
      now: new Date('2026-03-27T12:00:00Z'),
    })
    expect(stdout).toBe(
      '2026-03-28 02:30:00 +01:00\n2026-03-29 03:00:00 +02:00\n2026-03-30 02:30:00 +02:00\n',
    )
  })

  test('a time zone that there is not is refused', async () => {
    const { stderr, code } = await vieter(['schedule', '0 3', '--time-zone', 'Mars/Olympus'], { now })
    expect(stderr).toContain('It must be a time zone such as Europe/Berlin or UTC.')
    expect(code).toBe(2)
  })

  test('a schedule that never comes is refused with the reason', async () => {
    const { stderr, code } = await vieter(['schedule', '0 0 30 2'], { now })
    expect(stderr).toBe(
      'error: Invalid schedule "0 0 30 2": no such day is in these months, so it would never come due.\n' +
        'hint: Write `minute hour [day [month]]`, for instance `0 3` for every day at 03:00.\n',
    )
    expect(code).toBe(2)
  })
})
