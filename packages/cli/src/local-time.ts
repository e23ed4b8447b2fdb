import { offsetAt } from '@vieter/api'

/** A moment as people see it: `YYYY-MM-DD HH:mm:ss` in the local time zone. */
export function formatLocalTime(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000)
  const day = [date.getFullYear().toString().padStart(4, '0'), two(date.getMonth() + 1), two(date.getDate())]
  const time = [two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())]
  return `${day.join('-')} ${time.join(':')}`
}

/** A moment as the clocks of a time zone show it, or those of this machine: `YYYY-MM-DD HH:mm:ss +01:00`. */
export function formatZonedTime(moment: Date, timeZone: string | undefined): string {
  const offset = offsetAt(moment.getTime(), timeZone)
  const shown = new Date(moment.getTime() + offset).toISOString()
  const minutes = Math.abs(offset) / 60_000
  const sign = offset < 0 ? '-' : '+'
  return `${shown.slice(0, 10)} ${shown.slice(11, 19)} ${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

function two(number: number): string {
  return number.toString().padStart(2, '0')
}

/** A duration in seconds as people see it: `42s`, `3m 5s`, `2h 0m`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`
  return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`
}

/**
 * Reads `YYYY-MM-DD HH:mm:ss` in the local time zone; seconds, or the whole time, may be left out, and a T may stand
 * for the blank. Returns UTC epoch seconds; undefined when it is no such time.
 */
export function parseLocalTime(text: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text.trim())
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const date = new Date(year, month - 1, day, hour, minute, second)
  if (date.getMonth() !== month - 1 || date.getDate() !== day) return undefined
  return Math.floor(date.getTime() / 1000)
}

/** A span of time in UTC epoch seconds; the moments themselves are outside, as in the HTTP contract. */
export interface Span {
  after?: number
  before?: number
}

/** The local day that a moment lies in. A day of a clock change has 23 or 25 hours. */
export function dayOf(date: Date): Span {
  const start = new Date(date.getFullYear(), date.getMonth(), date.getDate())
  const end = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1)
  return { after: Math.floor(start.getTime() / 1000) - 1, before: Math.floor(end.getTime() / 1000) }
}

/** What lies in all of the spans. Moments before 1970 count as its first second, since 0 means *unset* over HTTP. */
export function intersect(spans: readonly Span[]): Span {
  const after = spans.flatMap((span) => (span.after === undefined ? [] : [span.after]))
  const before = spans.flatMap((span) => (span.before === undefined ? [] : [span.before]))
  return {
    ...(after.length === 0 ? {} : { after: Math.max(0, ...after) }),
    ...(before.length === 0 ? {} : { before: Math.max(1, Math.min(...before)) }),
  }
}
