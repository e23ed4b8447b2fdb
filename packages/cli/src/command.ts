import { type Argument, type Command, InvalidArgumentError, Option } from 'commander'
import type { ExitCode } from './exit-codes.ts'
import { createInvocation, type GlobalOptions, type Invocation } from './invocation.ts'
import type { Surroundings } from './surroundings.ts'

/** One run of the program: what it sees, and the exit code that its command has settled on. */
export interface Run {
  surroundings: Surroundings
  exitCode: ExitCode
}

interface CommandSpec<O, A extends unknown[]> {
  name: string
  description: string
  /** What a person needs to know beyond the one line of the description. */
  details?: string
  arguments?: readonly Argument[]
  options?: readonly Option[]
  /** Command lines that work as they stand, shown in the help and the manual page. */
  examples: readonly [string, ...string[]]
  hidden?: true
  /** Does the work; the exit code is 0 unless it returns another one or throws. */
  run(invocation: Invocation<O>, ...values: A): Promise<ExitCode | undefined>
}

/** What the help and the manual page say beyond commander's own metadata. */
interface CommandText {
  details: string | undefined
  examples: readonly string[]
}

const textOfCommand = new WeakMap<Command, CommandText>()

/** The details and examples of a command made here; those of a group are empty. */
export function commandText(command: Command): CommandText {
  return textOfCommand.get(command) ?? { details: undefined, examples: [] }
}

/** The words that call a command, for instance `vieter targets add`. */
export function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name()
}

/** Adds a group of commands, such as `vieter targets`. */
export function addGroup(parent: Command, name: string, description: string): Command {
  const group = parent.command(name).description(description)
  return group.showHelpAfterError(`hint: \`${fullName(group)} --help\` lists its commands.`)
}

/** Adds a command to a group or to the program. */
export function addCommand<O, A extends unknown[]>(
  parent: Command,
  run: Run,
  spec: CommandSpec<O, A>,
): Command {
  const command = parent.command(spec.name, { hidden: spec.hidden ?? false }).description(spec.description)
  for (const argument of spec.arguments ?? []) command.addArgument(argument)
  for (const option of spec.options ?? []) command.addOption(option)
  textOfCommand.set(command, { details: spec.details, examples: spec.examples })
  command.addHelpText('after', formatAfterHelp(spec.details, spec.examples))
  command.showHelpAfterError(`hint: \`${fullName(command)} --help\` shows how it is used.`)
  command.action(async (...values: unknown[]) => {
    const options = command.optsWithGlobals() as O & GlobalOptions
    const invocation = createInvocation(run.surroundings, options)
    run.exitCode = (await spec.run(invocation, ...(values.slice(0, -2) as A))) ?? 0
  })
  return command
}

function formatAfterHelp(details: string | undefined, examples: readonly string[]): string {
  const heading = examples.length > 1 ? 'Examples:' : 'Example:'
  const shown = [heading, ...examples.map((example) => `  $ ${example}`)].join('\n')
  return details === undefined ? `\n${shown}` : `\n${details}\n\n${shown}`
}

/** Reads the value of an option or argument that is a whole number from `min` to `max`. */
export function wholeNumber(min: number, max = 2 ** 31 - 1): (text: string) => number {
  return (text) => {
    const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
    if (number >= min && number <= max) return number
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}

/** Reads a comma list, as the value of an option. */
export function commaList(text: string): string[] {
  return text.split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]))
}

/** `--limit` and `--offset`, as every list of the server takes them. */
export function pageOptions(): Option[] {
  return [
    new Option('-l, --limit <count>', 'how many to show at most').argParser(wholeNumber(0)).default(25),
    new Option('-o, --offset <count>', 'how many to leave out first').argParser(wholeNumber(0)).default(0),
  ]
}

/** `--json`. */
export function jsonOption(): Option {
  return new Option('--json', 'print JSON')
}
