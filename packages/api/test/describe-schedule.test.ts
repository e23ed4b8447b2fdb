import fc from 'fast-check'
import { expect, test } from 'vitest'
import { describeSchedule, parseSchedule } from '../src/index.ts'

test.each([
  ['0 3', 'every day at 03:00'],
  ['30 3,15', 'every day at 03:30 and 15:30'],
  ['0,30 2', 'every day at 02:00 and 02:30'],
  ['* *', 'every minute'],
  ['*/15 *', 'every 15 minutes'],
  ['0 *', 'at minute 0 of every hour'],
  ['5,35 *', 'at minutes 5 and 35 of every hour'],
  ['*/7 *', 'at every 7th minute of every hour'],
  ['0 */6', 'at minute 0 of every 6th hour'],
  ['0 */2', 'at minute 0 of every 2nd hour'],
  ['0,30 1-4', 'at minutes 0 and 30 of the hours 1 to 4'],
  ['*/15 8-18', 'every 15 minutes of the hours 8 to 18'],
  ['* 3', 'every minute of hour 3'],
  ['0 5 1 1,7', 'at 05:00 on day 1 of January and July'],
  ['0 5 1,15', 'at 05:00 on days 1 and 15 of every month'],
  ['0 5 */2', 'at 05:00 on every 2nd day of every month'],
  ['0 5 * 1', 'at 05:00 on every day of January'],
  ['5/15 2 1-7 6-8', 'at 02:05, 02:20, 02:35 and 02:50 on days 1 to 7 of June to August'],
  ['*/20 * 29 2', 'every 20 minutes on day 29 of February'],
  ['0-2,58-59 *', 'at minutes 0 to 2, 58 and 59 of every hour'],
  ['*/12 */11', 'every 12 minutes of every 11th hour'],
  ['*/13 */23', 'at every 13th minute of the hours 0 and 23'],
])('%j is %s', (text, words) => {
  expect(describeSchedule(parseSchedule(text))).toBe(words)
})

test('schedules that come due at different times have different words', () => {
  const values = (min: number, max: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min, max }).map(String),
      fc.integer({ min: 1, max: 20 }).map((step) => `*/${step}`),
      fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 5 }).map(String),
    )
  const seen = new Map<string, string>()
  const schedules = fc.tuple(values(0, 59), values(0, 23), values(1, 28), values(1, 12))
  fc.assert(
    fc.property(schedules, (fields) => {
      const schedule = parseSchedule(fields.join(' '))
      const words = describeSchedule(schedule)
      const meaning = JSON.stringify(schedule)
      expect(seen.get(words) ?? meaning).toBe(meaning)
      seen.set(words, meaning)
    }),
    { numRuns: 5000 },
  )
})
