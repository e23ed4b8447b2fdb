import { AppError } from './app-error.ts'

interface Range {
  name: 'minute' | 'hour' | 'day' | 'month'
  min: number
  max: number
}

const ranges: readonly Range[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12 },
]

/** The longest that each month gets, so that 29 February counts as a day that comes. */
const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** When something comes due: the values that each field of `minute hour [day [month]]` matches, ascending. */
export interface Schedule {
  minute: readonly number[]
  hour: readonly number[]
  day: readonly number[]
  month: readonly number[]
}

/**
 * Parses Vieter 0.6's schedules: `minute hour [day [month]]`, a left-out field being `*`. A field is a comma list of
 * `*`, `a`, a star with `/n`, `a/n` (from a to the end), `a-b` and `a-b/n`. Throws SCHEDULE_INVALID with the field and the reason.
 */
export function parseSchedule(text: string): Schedule {
  const fields = text.trim().split(/[ \t]+/)
  if (text.trim() === '') throw invalid(text, 'it is empty')
  if (fields.length < 2 || fields.length > 4) throw invalid(text, 'it must have two to four fields')
  const [minute, hour, day, month] = ranges.map((range, index) =>
    parseField(text, fields[index] ?? '*', range),
  )
  const schedule = { minute, hour, day, month } as Schedule
  if (!schedule.month.some((m) => schedule.day.some((d) => d <= (daysOfMonth[m - 1] ?? 0)))) {
    throw invalid(text, 'no such day is in these months, so it would never come due')
  }
  return schedule
}

function parseField(text: string, field: string, range: Range): number[] {
  const values = new Set<number>()
  for (const part of field.split(',')) {
    for (const value of parsePart(text, part, range)) values.add(value)
  }
  return [...values].sort((a, b) => a - b)
}

function parsePart(text: string, part: string, range: Range): number[] {
  const match = /^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part)
  if (!match) throw invalid(text, `${JSON.stringify(part.slice(0, 40))} is no value for the ${range.name}`)
  const [, star, first, last, step] = match
  const from = star ? range.min : Number(first)
  const to = last !== undefined ? Number(last) : star || step !== undefined ? range.max : from
  if (from < range.min || to > range.max) {
    throw invalid(
      text,
      `the ${range.name} must be from ${range.min} to ${range.max}, not ${JSON.stringify(part)}`,
    )
  }
  if (from > to) throw invalid(text, `the range ${JSON.stringify(part)} of the ${range.name} runs backwards`)
  const stride = step === undefined ? 1 : Number(step)
  if (stride === 0) throw invalid(text, `the step of ${JSON.stringify(part)} must not be 0`)
  const values: number[] = []
  for (let value = from; value <= to; value += stride) values.push(value)
  return values
}

function invalid(text: string, reason: string): AppError {
  return new AppError('SCHEDULE_INVALID', {
    message: `Invalid schedule ${JSON.stringify(text.slice(0, 100))}: ${reason}.`,
  })
}
