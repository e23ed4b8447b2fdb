import type { Schedule } from './schedule.ts'

const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

/** As many times of a day are told one by one. */
const fewTimes = 6

/** A schedule in words, such as `every day at 03:00`; two that come due at different times have different words. */
export function describeSchedule(schedule: Schedule): string {
  const days = describeDays(schedule)
  const times = timesOf(schedule)
  if (times.length === 0) return days === '' ? describeHours(schedule) : `${describeHours(schedule)} ${days}`
  return days === '' ? `every day at ${join(times)}` : `at ${join(times)} ${days}`
}

/** The times of a day as clocks show them; none when they are many, or told in fewer words. */
function timesOf({ minute, hour }: Schedule): string[] {
  if (minute.length * hour.length > fewTimes || stepOf(hour, 0, 23) !== undefined) return []
  return hour.flatMap((h) => minute.map((m) => `${two(h)}:${two(m)}`))
}

function describeHours({ minute, hour }: Schedule): string {
  const minutes = describeMinutes(minute)
  const isEven = minutes.startsWith('every ')
  if (hour.length === 24) return isEven ? minutes : `${minutes} of every hour`
  const step = stepOf(hour, 0, 23)
  if (step !== undefined) return `${minutes} of every ${ordinal(step)} hour`
  return `${minutes} of ${hour.length === 1 ? 'hour' : 'the hours'} ${join(runsOf(hour, String))}`
}

function describeMinutes(minute: readonly number[]): string {
  if (minute.length === 60) return 'every minute'
  const step = stepOf(minute, 0, 59)
  if (step === undefined) return `at minute${plural(minute)} ${join(runsOf(minute, String))}`
  // Only these are the same time apart across the hours as well.
  return 60 % step === 0 ? `every ${step} minutes` : `at every ${ordinal(step)} minute`
}

/** Empty when it is every day of the year. */
function describeDays({ day, month }: Schedule): string {
  const months = month.length === 12 ? 'every month' : join(runsOf(month, (m) => monthNames[m - 1] ?? ''))
  if (day.length === 31) return month.length === 12 ? '' : `on every day of ${months}`
  const step = stepOf(day, 1, 31)
  if (step !== undefined) return `on every ${ordinal(step)} day of ${months}`
  return `on day${plural(day)} ${join(runsOf(day, String))} of ${months}`
}

/** The step of values that are all from `min` to `max` with the same step, three at least; undefined when they are not. */
function stepOf(values: readonly number[], min: number, max: number): number | undefined {
  const [first = max, second = max] = values
  const step = second - first
  if (values.length < 3 || first !== min || step < 2) return undefined
  const isWhole = values.every((value, index) => value === min + index * step)
  return isWhole && min + values.length * step > max ? step : undefined
}

/** Values as texts; three or more in a row become `first to last`. */
function runsOf(values: readonly number[], format: (value: number) => string): string[] {
  const texts: string[] = []
  for (let start = 0; start < values.length; ) {
    let end = start
    while (values[end + 1] === (values[end] ?? 0) + 1) end += 1
    const run = values.slice(start, end + 1)
    const [first = 0] = run
    if (run.length < 3) texts.push(...run.map(format))
    else texts.push(`${format(first)} to ${format(first + run.length - 1)}`)
    start = end + 1
  }
  return texts
}

function join(texts: readonly string[]): string {
  if (texts.length < 2) return texts.join('')
  return `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`
}

function plural(values: readonly number[]): string {
  return values.length === 1 ? '' : 's'
}

function two(number: number): string {
  return number.toString().padStart(2, '0')
}

function ordinal(number: number): string {
  const isTeen = number > 10 && number < 14
  const suffix = isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th')
  return `${number}${suffix}`
}
