import type { Argument, Command, Option } from 'commander'
import { commandText, fullName } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { version } from './version.ts'

/** The manual pages of a program and all its commands, by file name (`vieter-targets-add.1`), in roff (man(7)). */
export function formatManPages(program: Command): ReadonlyMap<string, string> {
  const pages = new Map<string, string>()
  for (const command of withSubcommands(program)) pages.set(`${pageName(command)}.1`, formatManPage(command))
  return pages
}

function withSubcommands(command: Command): Command[] {
  return [command, ...visibleCommands(command).flatMap(withSubcommands)]
}

function visibleCommands(command: Command): Command[] {
  const shown = command.createHelp().visibleCommands(command)
  return shown.filter((each) => each.name() !== 'help')
}

function pageName(command: Command): string {
  return fullName(command).replaceAll(' ', '-')
}

function formatManPage(command: Command): string {
  const name = pageName(command)
  const { details, examples } = commandText(command)
  return [
    `.TH ${escapeRoff(name.toUpperCase())} 1 "" "Vieter ${escapeRoff(version)}" "Vieter"`,
    '.SH NAME',
    `${escapeRoff(name)} \\- ${escapeRoff(command.description())}`,
    '.SH SYNOPSIS',
    `.B ${escapeRoff(fullName(command))}`,
    escapeRoff(command.usage()),
    '.SH DESCRIPTION',
    escapeRoff(sentence(command.description())),
    ...(details === undefined ? [] : ['.PP', ...details.split('\n').map(escapeRoff)]),
    ...section('COMMANDS', visibleCommands(command).flatMap(formatSubcommand)),
    ...section('ARGUMENTS', command.registeredArguments.flatMap(formatArgument)),
    ...section('OPTIONS', command.createHelp().visibleOptions(command).flatMap(formatOption)),
    ...section('GLOBAL OPTIONS', globalOptions(command).flatMap(formatOption)),
    '.SH EXIT STATUS',
    ...Object.entries(exitCodes).flatMap(([code, meaning]) => item(code, meaning)),
    ...section('EXAMPLES', examples.flatMap(formatExample)),
    ...section('SEE ALSO', seeAlso(command)),
    '',
  ].join('\n')
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`.SH ${heading}`, ...lines]
}

function item(term: string, text: string): string[] {
  return ['.TP', `.B ${escapeRoff(term)}`, escapeRoff(text)]
}

function formatSubcommand(command: Command): string[] {
  return item(fullName(command), command.description())
}

function formatArgument(argument: Argument): string[] {
  return item(argument.name(), argument.description)
}

function formatOption(option: Option): string[] {
  const shown = option.defaultValue === undefined ? '' : ` (default: ${String(option.defaultValue)})`
  const choices = option.argChoices ? ` (${option.argChoices.join(', ')})` : ''
  return item(option.flags, `${option.description}${choices}${shown}`)
}

/** The options of all commands above one, which it takes too. */
function globalOptions(command: Command): Option[] {
  if (!command.parent) return []
  const options = command.parent.createHelp().visibleOptions(command.parent)
  const own = options.filter((option) => option.long !== '--help' && option.long !== '--version')
  return [...own, ...globalOptions(command.parent)]
}

function formatExample(example: string): string[] {
  return ['.PP', '.nf', escapeRoff(`$ ${example}`), '.fi']
}

function seeAlso(command: Command): string[] {
  const related = [...(command.parent ? [command.parent] : []), ...visibleCommands(command)]
  return related.map((each, index) => {
    const comma = index < related.length - 1 ? ' ,' : ''
    return `.BR ${escapeRoff(pageName(each))} (1)${comma}`
  })
}

const special: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '"': '\\(dq',
  '^': '\\(ha',
  '~': '\\(ti',
}

/** A text as roff that prints it: nothing in it is an escape, a request, or a character that typesetting would change. */
function escapeRoff(text: string): string {
  const escaped = text.replace(/[\\\-'`"^~]|[^\u0020-\u007e]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0x20
    return (
      special[character] ?? (code < 0x80 ? ' ' : `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`)
    )
  })
  return escaped.startsWith('.') ? `\\&${escaped}` : escaped
}
