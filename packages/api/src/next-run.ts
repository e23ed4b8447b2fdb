import { AppError } from './app-error.ts'
import type { Schedule } from './schedule.ts'
import { nextClockChange, offsetAt } from './time-zone.ts'

const millisecondsPerMinute = 60_000
const millisecondsPerDay = 86_400_000

/** 29 February may be eight years away, in 2096. */
const longestWait = 8 * 366

/**
 * The first time after `after` at which a schedule comes due, by the clocks of a time zone, or of this machine.
 *
 * When clocks are changed, it is as cron has it and as people expect: what names its hours runs once for each time that
 * it names, right after the gap when that time is skipped, and the first time round when it comes twice. What runs at
 * every hour just follows the clock, through both rounds of an hour that comes twice.
 */
export function nextRun(schedule: Schedule, after: Date, timeZone?: string): Date {
  const next = schedule.hour.length === 24 ? nextAtAnyHour : nextAtNamedHours
  return new Date(next(schedule, after.getTime(), timeZone))
}

function nextAtNamedHours(schedule: Schedule, after: number, timeZone: string | undefined): number {
  let shown = after + offsetAt(after, timeZone)
  for (;;) {
    shown = nextOnClock(schedule, shown)
    const moment = firstMomentOf(shown, timeZone)
    // Not so in the second round of an hour that comes twice.
    if (moment > after) return moment
  }
}

/** The first moment at which clocks show a time; when they skip it, the moment right after the gap. */
function firstMomentOf(shown: number, timeZone: string | undefined): number {
  const offsets = [shown - millisecondsPerDay, shown + millisecondsPerDay].map((at) => offsetAt(at, timeZone))
  const early = shown - Math.max(...offsets)
  if (early + offsetAt(early, timeZone) === shown) return early
  const late = shown - Math.min(...offsets)
  if (late + offsetAt(late, timeZone) === shown) return late
  return nextClockChange(early, late, timeZone) ?? late
}

function nextAtAnyHour(schedule: Schedule, after: number, timeZone: string | undefined): number {
  let from = after
  let shown = after + offsetAt(after, timeZone)
  for (;;) {
    const moment = nextOnClock(schedule, shown) - offsetAt(from, timeZone)
    const change = nextClockChange(from, moment, timeZone)
    if (change === undefined) return moment
    from = change
    // What the clock shows right after the change may be the time that is looked for.
    shown = change + offsetAt(change, timeZone) - 1
  }
}

/** The first time after `shown` that a schedule names, on a clock that nobody changes: milliseconds since 1970 by that clock. */
function nextOnClock(schedule: Schedule, shown: number): number {
  const start = (Math.floor(shown / millisecondsPerMinute) + 1) * millisecondsPerMinute
  const firstDay = Math.floor(start / millisecondsPerDay) * millisecondsPerDay
  for (let days = 0; days <= longestWait; days += 1) {
    const day = firstDay + days * millisecondsPerDay
    if (!isDayOf(schedule, new Date(day))) continue
    const minute = firstMinuteOfDay(schedule, days === 0 ? (start - day) / millisecondsPerMinute : 0)
    if (minute !== undefined) return day + minute * millisecondsPerMinute
  }
  throw new AppError('SCHEDULE_INVALID', { message: 'The schedule never comes due.' })
}

function isDayOf({ day, month }: Schedule, date: Date): boolean {
  return month.includes(date.getUTCMonth() + 1) && day.includes(date.getUTCDate())
}

/** The first minute of the day, at `from` or later, that a schedule names. */
function firstMinuteOfDay({ hour, minute }: Schedule, from: number): number | undefined {
  for (const h of hour) {
    const found = minute.find((m) => h * 60 + m >= from)
    if (found !== undefined) return h * 60 + found
  }
  return undefined
}
