import { contract, type Log } from '@vieter/api'
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { addCommand, addGroup, jsonOption, pageOptions, type Run, wholeNumber } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import {
  dayOf,
  formatDuration,
  formatLocalTime,
  intersect,
  parseLocalTime,
  type Span,
} from '../local-time.ts'
import type { Column } from '../output.ts'
import { collectPages, type PageOptions } from '../pages.ts'
import { addLogsContentCommand } from './logs-content.ts'

/** The first four columns are those of Vieter 0.6, for scripts that count them. */
const columns: readonly Column<Log>[] = [
  { heading: 'id', value: (log) => `${log.id}` },
  { heading: 'target', value: (log) => `${log.target_id}` },
  { heading: 'start time', value: (log) => formatLocalTime(log.start_time) },
  { heading: 'exit code', value: (log) => `${log.exit_code}` },
  { heading: 'arch', value: (log) => log.arch },
  { heading: 'duration', value: (log) => formatDuration(Math.max(0, log.end_time - log.start_time)) },
]

interface FilterOptions extends PageOptions {
  target?: number
  arch?: string
  today?: true
  day?: Span
  before?: number
  after?: number
  failed?: true
  code?: string[]
}

export function addLogsCommands(program: Command, run: Run): void {
  const group = addGroup(program, 'logs', 'see how builds went')
  addListCommand(group, run)
  addInfoCommand(group, run)
  addLogsContentCommand(group, run)
  addRemoveCommand(group, run)
}

function addListCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'list',
    description: 'list the logs of finished builds',
    details: 'Times are those of this machine’s time zone. Filters by time look at the start of a build.',
    options: [
      ...pageOptions(),
      new Option('--target <id>', 'only those of this target').argParser(wholeNumber(1)),
      new Option('--arch <arch>', 'only those of this architecture'),
      new Option('-t, --today', 'only those of today'),
      new Option('-d, --day <day>', 'only those of this day (YYYY-MM-DD)').argParser(parseDay),
      new Option('--before <time>', "only those before this time ('YYYY-MM-DD HH:mm:ss')").argParser(
        parseTime,
      ),
      new Option('--after <time>', "only those after this time ('YYYY-MM-DD HH:mm:ss')").argParser(parseTime),
      new Option('--failed', 'only those of builds that failed'),
      new Option(
        '--code <code>',
        'only those with this exit code; !CODE: without it; may be repeated',
      ).argParser(collectCodes),
      jsonOption(),
    ],
    examples: [
      'vieter logs list --today --failed',
      "vieter logs list --target 1 --after '2026-01-31 18:00:00' --limit 100",
    ],
    async run({ client, options, printList, surroundings }: Invocation<FilterOptions>) {
      const server = client()
      const filter = filterOf(options, surroundings.now())
      const logs = await collectPages(options, (page) =>
        server.call(contract.listLogs, { query: { ...page, ...filter } }),
      )
      await printList(columns, logs, 'No logs.')
      return 0
    },
  })
}

function filterOf(options: FilterOptions, now: Date) {
  const { before, after } = options
  const span = intersect([
    ...(options.today ? [dayOf(now)] : []),
    ...(options.day ? [options.day] : []),
    { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) },
  ])
  const codes = [...(options.failed ? ['!0'] : []), ...(options.code ?? [])]
  return {
    ...span,
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(options.arch === undefined ? {} : { arch: options.arch }),
    ...(codes.length === 0 ? {} : { exit_codes: codes }),
  }
}

function addInfoCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'info',
    description: 'show what is known of one log',
    arguments: [new Argument('<id>', 'the id of the log').argParser(wholeNumber(1))],
    options: [jsonOption()],
    examples: ['vieter logs info 1'],
    async run({ client, printItem }: Invocation, id: number) {
      await printItem(columns, await client().call(contract.getLog, { params: { id } }))
      return 0
    },
  })
}

function addRemoveCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'remove',
    description: 'remove a log',
    arguments: [new Argument('<id>', 'the id of the log').argParser(wholeNumber(1))],
    examples: ['vieter logs remove 1'],
    async run(invocation: Invocation, id: number) {
      await invocation.client().call(contract.removeLog, { params: { id } })
      await invocation.say(`Removed log ${id}.`)
      return 0
    },
  })
}

function parseDay(text: string): Span {
  const start = /^\d{4}-\d{2}-\d{2}$/.test(text) ? parseLocalTime(text) : undefined
  if (start === undefined) throw new InvalidArgumentError('It must be a day, written YYYY-MM-DD.')
  return dayOf(new Date(start * 1000))
}

function parseTime(text: string): number {
  const time = parseLocalTime(text)
  if (time === undefined) throw new InvalidArgumentError('It must be a time, written YYYY-MM-DD HH:mm:ss.')
  return time
}

function collectCodes(text: string, previous: string[] | undefined): string[] {
  const codes = text.split(',')
  if (!codes.every((code) => /^!?\d{1,3}$/.test(code))) {
    throw new InvalidArgumentError('It must be an exit code such as 1, or !1.')
  }
  return [...(previous ?? []), ...codes]
}
