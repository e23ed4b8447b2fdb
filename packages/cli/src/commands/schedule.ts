import { AppError, nextRun, parseSchedule } from '@vieter/api'
import { Argument, type Command, Option } from 'commander'
import { addCommand, jsonOption, type Run, wholeNumber } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { formatLocalTime } from '../local-time.ts'
import { formatJson } from '../output.ts'
import { UsageError } from '../usage-error.ts'

export function addScheduleCommand(program: Command, run: Run): void {
  addCommand(program, run, {
    name: 'schedule',
    description: 'show when a schedule comes due next',
    details:
      'A schedule is `minute hour [day [month]]`; each is `*`, a number, a range `1-5`, a step `*/15`, or a comma list of\n' +
      'these. Quote it, so that the shell leaves the stars alone.',
    arguments: [new Argument('<expression...>', 'the schedule')],
    options: [
      new Option('--count <count>', 'how many times to show').argParser(wholeNumber(1, 1000)).default(5),
      jsonOption(),
    ],
    examples: ["vieter schedule '0 3'", "vieter schedule --count 3 '*/15 8-18'"],
    async run({ options, print, surroundings }: Invocation<{ count: number }>, words: string[]) {
      const times = nextTimes(words.join(' '), options.count, surroundings.now())
      if (options.json) await print(formatJson(times.map((time) => time.toISOString())))
      else await print(times.map((time) => `${formatLocalTime(time.getTime() / 1000)}\n`).join(''))
      return 0
    },
  })
}

function nextTimes(expression: string, count: number, now: Date): Date[] {
  try {
    const schedule = parseSchedule(expression)
    const times: Date[] = []
    for (let last = now; times.length < count; last = times.at(-1) ?? now) times.push(nextRun(schedule, last))
    return times
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw new UsageError(
      error.message,
      'Write `minute hour [day [month]]`, for instance `0 3` for every day at 03:00.',
    )
  }
}
