import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextRun, parseSchedule, type Schedule } from '../src/index.ts'
import { clockOf, type Minute, namedBy } from './clock.ts'

/** A moment as the clocks of a zone show it, and in UTC. */
function format(time: Date, zone: string): string {
  return `${time.toLocaleString('sv', { timeZone: zone })} ${time.toISOString().slice(5, 16)}Z`
}

function nextRuns(zone: string, schedule: string, after: string, count: number): string[] {
  const shown: string[] = []
  for (let time = new Date(after); shown.length < count; shown.push(format(time, zone)))
    time = nextRun(parseSchedule(schedule), time, zone)
  return shown
}

describe('the next run', () => {
  test('comes after the given time, never at it', () => {
    expect(nextRuns('UTC', '0 3', '2026-01-01T03:00:00Z', 2)).toEqual([
      '2026-01-02 03:00:00 01-02T03:00Z',
      '2026-01-03 03:00:00 01-03T03:00Z',
    ])
    expect(nextRuns('UTC', '0 3', '2026-01-01T02:59:59.999Z', 1)).toEqual([
      '2026-01-01 03:00:00 01-01T03:00Z',
    ])
  })

  test('of 29 February waits for the next leap year, also across 2100, which is none', () => {
    expect(nextRuns('UTC', '0 0 29 2', '2024-02-29T00:00:00Z', 1)).toEqual([
      '2028-02-29 00:00:00 02-29T00:00Z',
    ])
    expect(nextRuns('Asia/Tokyo', '0 0 29 2', '2096-03-01T00:00:00Z', 1)).toEqual([
      '2104-02-29 00:00:00 02-28T15:00Z',
    ])
  })

  test('of day 31 leaves out the months that have none', () => {
    expect(nextRuns('UTC', '30 12 31', '2026-01-31T12:30:00Z', 2)).toEqual([
      '2026-03-31 12:30:00 03-31T12:30Z',
      '2026-05-31 12:30:00 05-31T12:30Z',
    ])
  })

  test('goes by the day of the zone, not by that of UTC', () => {
    expect(nextRuns('Pacific/Auckland', '0 3 1', '2026-06-15T00:00:00Z', 1)).toEqual([
      '2026-07-01 03:00:00 06-30T15:00Z',
    ])
  })

  test('without a zone is by the clocks of this machine', () => {
    const program = `
      import { nextRun, parseSchedule } from ${JSON.stringify(import.meta.resolve('../src/index.ts'))}
      console.log(nextRun(parseSchedule('0 3'), new Date('2026-01-01T00:00:00Z')).toISOString())`
    const shown = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, TZ: 'America/New_York' },
      encoding: 'utf8',
    })
    expect(shown.trim()).toBe('2026-01-01T08:00:00.000Z')
  })
})

describe('in spring, when clocks go from 02:00 to 03:00', () => {
  const before = '2026-03-28T12:00:00Z'

  test.each(['30 2', '0,15,30 2', '0 2'])(
    '%j runs once right after the gap, and at its own time the day after',
    (text) => {
      const runs = nextRuns('Europe/Berlin', text, before, 2)
      expect(runs[0]).toBe('2026-03-29 03:00:00 03-29T01:00Z')
      expect(runs[1]).toMatch(/^2026-03-30 02:/)
    },
  )

  test('what is skipped, and what is due at 03:00 itself, is one run', () => {
    expect(nextRuns('Europe/Berlin', '0 2,3', before, 2)).toEqual([
      '2026-03-29 03:00:00 03-29T01:00Z',
      '2026-03-30 02:00:00 03-30T00:00Z',
    ])
  })

  test('every hour stays every hour', () => {
    expect(nextRuns('Europe/Berlin', '30 *', '2026-03-29T00:00:00Z', 3)).toEqual([
      '2026-03-29 01:30:00 03-29T00:30Z',
      '2026-03-29 03:30:00 03-29T01:30Z',
      '2026-03-29 04:30:00 03-29T02:30Z',
    ])
  })
})

describe('in autumn, when clocks go from 03:00 back to 02:00', () => {
  test.each(['30 2', '30 2-4'])('%j runs the first time round alone', (text) => {
    const runs = nextRuns('Europe/Berlin', text, '2026-10-24T12:00:00Z', 9).filter((run) =>
      / 02:30/.test(run),
    )
    expect(runs.slice(0, 2)).toEqual(['2026-10-25 02:30:00 10-25T00:30Z', '2026-10-26 02:30:00 10-26T01:30Z'])
  })

  test('two times of the hour run once each', () => {
    expect(nextRuns('Europe/Berlin', '0,30 2', '2026-10-24T12:00:00Z', 3)).toEqual([
      '2026-10-25 02:00:00 10-25T00:00Z',
      '2026-10-25 02:30:00 10-25T00:30Z',
      '2026-10-26 02:00:00 10-26T01:00Z',
    ])
  })

  test('a server that starts in the second round does not run it again', () => {
    expect(nextRuns('Europe/Berlin', '30 2', '2026-10-25T01:10:00Z', 1)).toEqual([
      '2026-10-26 02:30:00 10-26T01:30Z',
    ])
  })

  test('every hour runs in both', () => {
    expect(nextRuns('America/New_York', '0 *', '2026-11-01T04:30:00Z', 3)).toEqual([
      '2026-11-01 01:00:00 11-01T05:00Z',
      '2026-11-01 01:00:00 11-01T06:00Z',
      '2026-11-01 02:00:00 11-01T07:00Z',
    ])
  })
})

describe('where clocks move by half an hour', () => {
  test('a skipped time runs once right after the gap', () => {
    expect(nextRuns('Australia/Lord_Howe', '15 2', '2026-10-03T00:00:00Z', 2)).toEqual([
      '2026-10-04 02:30:00 10-03T15:30Z',
      '2026-10-05 02:15:00 10-04T15:15Z',
    ])
  })

  test('a time that comes twice runs once', () => {
    expect(nextRuns('Australia/Lord_Howe', '45 1', '2026-04-04T00:00:00Z', 2)).toEqual([
      '2026-04-05 01:45:00 04-04T14:45Z',
      '2026-04-06 01:45:00 04-05T15:15Z',
    ])
  })
})

test('a whole day that a zone skipped is run right after it', () => {
  // Samoa had no 30 December 2011.
  expect(nextRuns('Pacific/Apia', '0 5 30 12', '2011-12-01T00:00:00Z', 1)).toEqual([
    '2011-12-31 00:00:00 12-30T10:00Z',
  ])
})

const start = '2026-01-01T00:00:00Z'
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'Africa/Casablanca',
]

function field(min: number, max: number): fc.Arbitrary<string> {
  const value = fc.integer({ min, max })
  return fc.oneof(
    fc.constant('*'),
    value.map(String),
    fc.array(value, { minLength: 2, maxLength: 4 }).map((values) => values.join(',')),
    fc.integer({ min: 2, max: 12 }).map((step) => `*/${step}`),
    fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
  )
}

/** Schedules, many of which are due in the hours that clock changes skip and repeat. */
const anySchedule = fc
  .tuple(
    field(0, 59),
    fc.oneof(field(0, 23), field(0, 3)),
    fc.oneof(fc.constant('*'), field(1, 28)),
    fc.constant('*'),
  )
  .map((fields) => parseSchedule(fields.join(' ')))

/** What a walk through the minutes finds due after one of them. */
function walk(schedule: Schedule, minutes: readonly Minute[], from: number, count: number): number[] {
  const found: number[] = []
  for (let index = from + 1; index < minutes.length && found.length < count; index += 1) {
    const minute = minutes[index]
    if (minute && namedBy(schedule, minute)) found.push(minute.moment)
  }
  return found
}

describe.each(zones)('in %s', (zone) => {
  const minutes = clockOf(zone, start, 2)
  const changes = minutes.flatMap(({ repeated, skipped }, index) =>
    repeated || skipped.length > 0 ? [index] : [],
  )
  const anywhere = fc.integer({ min: 0, max: minutes.length - 1 })
  const nearChange = fc
    .tuple(fc.constantFrom(0, ...changes), fc.integer({ min: -300, max: 200 }))
    .map(([index, distance]) => Math.max(0, index + distance))

  test('the next runs are those that a walk through every minute of two years finds', () => {
    fc.assert(
      fc.property(anySchedule, fc.oneof(anywhere, nearChange), (schedule, from) => {
        const expected = walk(schedule, minutes, from, 40)
        let time = new Date(minutes[from]?.moment ?? 0)
        for (const moment of expected) {
          const next = nextRun(schedule, time, zone)
          expect(next.toISOString()).toBe(new Date(moment).toISOString())
          expect(next.getTime()).toBeGreaterThan(time.getTime())
          time = next
        }
      }),
      { numRuns: 60 },
    )
  })
})
