import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError, nextRun, parseSchedule } from '../src/index.ts'

function refusal(text: string): string {
  try {
    parseSchedule(text)
  } catch (error) {
    if (error instanceof AppError && error.code === 'SCHEDULE_INVALID') return error.message
    throw error
  }
  throw new Error(`${JSON.stringify(text)} was taken`)
}

const hours = Array.from({ length: 24 }, (_, hour) => hour)
const days = Array.from({ length: 31 }, (_, day) => day + 1)
const months = Array.from({ length: 12 }, (_, month) => month + 1)

describe('a schedule', () => {
  test('of two fields is every day of every month', () => {
    expect(parseSchedule('0 3')).toEqual({ minute: [0], hour: [3], day: days, month: months })
  })

  test.each([
    ['* *', { minute: Array.from({ length: 60 }, (_, minute) => minute), hour: hours }],
    ['*/15 0', { minute: [0, 15, 30, 45] }],
    ['5/15 0', { minute: [5, 20, 35, 50] }],
    ['5-8 0', { minute: [5, 6, 7, 8] }],
    ['5-11/3 0', { minute: [5, 8, 11] }],
    ['50,5-7,*/30 0', { minute: [0, 5, 6, 7, 30, 50] }],
    ['1,1,1-2 0', { minute: [1, 2] }],
    ['0 0 31', { day: [31] }],
    ['0 0 29 2', { day: [29], month: [2] }],
    ['0 0 30 2,3', { day: [30], month: [2, 3] }],
    ['0 1 2 3 ', { minute: [0], hour: [1], day: [2], month: [3] }],
    ['  0 \t 3  ', { minute: [0], hour: [3] }],
    ['00 03', { minute: [0], hour: [3] }],
    ['*/99 0', { minute: [0] }],
    ['59 23 31 12', { minute: [59], hour: [23], day: [31], month: [12] }],
  ])('%j', (text, expected) => {
    expect(parseSchedule(text)).toMatchObject(expected)
  })
})

describe('what is no schedule is refused with the field and the reason', () => {
  test.each([
    ['4 *-7', '"*-7" is no value for the hour'],
    ['4 *-7/4', '"*-7/4" is no value for the hour'],
    ['4 7/*', '"7/*" is no value for the hour'],
    ['0 0 30 2', 'no such day is in these months, so it would never come due'],
    ['0 0 31 2,4,6,9,11', 'no such day is in these months, so it would never come due'],
    ['0 /5', '"/5" is no value for the hour'],
    ['0', 'it must have two to four fields'],
    ['', 'it is empty'],
    ['  ', 'it is empty'],
    ['1 2 3 4~9', '"4~9" is no value for the month'],
    ['1 1-3-5', '"1-3-5" is no value for the hour'],
    ['0 5/2-5', '"5/2-5" is no value for the hour'],
    ['1 1/2/3', '"1/2/3" is no value for the hour'],
    ['*5 8', '"*5" is no value for the minute'],
    ['x 8', '"x" is no value for the minute'],
    ['60 0', 'the minute must be from 0 to 59, not "60"'],
    ['0 24', 'the hour must be from 0 to 23, not "24"'],
    ['0 0 0', 'the day must be from 1 to 31, not "0"'],
    ['0 0 32', 'the day must be from 1 to 31, not "32"'],
    ['0 0 1 0', 'the month must be from 1 to 12, not "0"'],
    ['0 0 1 13', 'the month must be from 1 to 12, not "13"'],
    ['5-3 0', 'the range "5-3" of the minute runs backwards'],
    ['*/0 0', 'the step of "*/0" must not be 0'],
    ['1,,2 0', '"" is no value for the minute'],
    ['-1 0', '"-1" is no value for the minute'],
    ['1.5 0', '"1.5" is no value for the minute'],
    ['0 3 1 1 1', 'it must have two to four fields'],
    ['0\n3', 'it must have two to four fields'],
    ['٣ 3', '"٣" is no value for the minute'],
    ['0 3; reboot', '"3;" is no value for the hour'],
  ])('%j: %s', (text, reason) => {
    expect(refusal(text)).toBe(`Invalid schedule ${JSON.stringify(text)}: ${reason}.`)
  })

  test('a long one is quoted no further than 100 characters', () => {
    expect(refusal('9'.repeat(100_000)).length).toBeLessThan(250)
  })

  test('whatever comes, it is taken or refused, never worse', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9*/,\- ]{0,16}$/), (text) => {
        try {
          nextRun(parseSchedule(text), new Date())
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
        }
      }),
      { numRuns: 300 },
    )
  })
})
