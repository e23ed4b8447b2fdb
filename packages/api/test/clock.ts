import type { Schedule } from '../src/index.ts'

/** What clocks show, as milliseconds since 1970 by these clocks. */
type Shown = number

/** A minute that really passes. */
export interface Minute {
  /** UTC epoch milliseconds. */
  readonly moment: number
  readonly shown: Shown
  /** Whether clocks showed the same before. */
  readonly repeated: boolean
  /** What clocks would have shown right before, had nobody changed them. */
  readonly skipped: readonly Shown[]
}

const minute = 60_000

/** Every minute of some years, as the clocks of a zone show it. Clocks are changed at full quarters of an hour. */
export function clockOf(zone: string, start: string, years: number): Minute[] {
  const format = new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
  const minutes: Minute[] = []
  const first = Date.parse(start)
  const count = years * 365 * 24 * 60
  let offset = 0
  let latest = Number.NEGATIVE_INFINITY
  for (let index = 0; index < count; index += 1) {
    const moment = first + index * minute
    if (index % 15 === 0) offset = Date.parse(`${format.format(moment).replace(' ', 'T')}Z`) - moment
    const shown = moment + offset
    const skipped: Shown[] = []
    if (index > 0) for (let time = latest + minute; time < shown; time += minute) skipped.push(time)
    minutes.push({ moment, shown, repeated: shown <= latest, skipped })
    latest = Math.max(latest, shown)
  }
  return minutes
}

/** Whether a schedule is due in a minute, as the guide has it. */
export function namedBy(schedule: Schedule, { shown, repeated, skipped }: Minute): boolean {
  if (schedule.hour.length === 24) return names(schedule, shown)
  return (!repeated && names(schedule, shown)) || skipped.some((time) => names(schedule, time))
}

function names({ minute, hour, day, month }: Schedule, shown: Shown): boolean {
  const date = new Date(shown)
  return (
    minute.includes(date.getUTCMinutes()) &&
    hour.includes(date.getUTCHours()) &&
    day.includes(date.getUTCDate()) &&
    month.includes(date.getUTCMonth() + 1)
  )
}
