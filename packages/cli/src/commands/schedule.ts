import { AppError, describeSchedule, isTimeZone, nextRun, parseSchedule, type Schedule } from '@vieter/api'
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { addCommand, jsonOption, type Run, wholeNumber } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { formatZonedTime } from '../local-time.ts'
import { formatJson } from '../output.ts'
import { UsageError } from '../usage-error.ts'

interface ScheduleOptions {
  count: number
  timeZone?: string
}

export function addScheduleCommand(program: Command, run: Run): void {
  addCommand(program, run, {
    name: 'schedule',
    description: 'show a schedule in words, and when it comes due next',
    details:
      'A schedule is `minute hour [day [month]]`; each is `*`, a number, a range `1-5`, a step `*/15`, or a comma list of\n' +
      'these. Quote it, so that the shell leaves the stars alone. Times are those of the setting time_zone, else of this\n' +
      'machine. The server adds what schedule_jitter says.',
    arguments: [new Argument('<expression...>', 'the schedule')],
    options: [
      new Option('--count <count>', 'how many times to show').argParser(wholeNumber(1, 1000)).default(5),
      new Option('--time-zone <zone>', 'the time zone, such as Europe/Berlin or UTC').argParser(timeZone),
      jsonOption(),
    ],
    examples: ["vieter schedule '0 3'", "vieter schedule --count 3 --time-zone Europe/Berlin '*/15 8-18'"],
    async run(invocation: Invocation<ScheduleOptions>, expression: string[]) {
      const { options, print, surroundings } = invocation
      const zone = options.timeZone ?? invocation.settings().time_zone
      const schedule = readSchedule(expression.join(' '))
      const words = describeSchedule(schedule)
      const times = nextTimes(schedule, { count: options.count, after: surroundings.now(), zone })
      if (options.json) await print(formatJson({ words, times: times.map((time) => time.toISOString()) }))
      else {
        await invocation.say(words)
        await print(times.map((time) => `${formatZonedTime(time, zone)}\n`).join(''))
      }
      return 0
    },
  })
}

function timeZone(text: string): string {
  if (isTimeZone(text)) return text
  throw new InvalidArgumentError('It must be a time zone such as Europe/Berlin or UTC.')
}

function readSchedule(expression: string): Schedule {
  try {
    return parseSchedule(expression)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new UsageError(
      error.message,
      'Write `minute hour [day [month]]`, for instance `0 3` for every day at 03:00.',
    )
  }
}

function nextTimes(
  schedule: Schedule,
  { count, after, zone }: { count: number; after: Date; zone: string | undefined },
): Date[] {
  const times: Date[] = []
  for (let last = after; times.length < count; last = times.at(-1) ?? after) {
    times.push(nextRun(schedule, last, zone))
  }
  return times
}
