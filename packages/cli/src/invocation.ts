import { AppError, type Client, createClient } from '@vieter/api'
import { loadSettings, type Settings } from '@vieter/config'
import { type Column, formatJson, formatRaw, formatRecord, formatTable } from './output.ts'
import { apiKeyHint } from './report-error.ts'
import type { Surroundings } from './surroundings.ts'

/** The options that every command takes. */
export interface GlobalOptions {
  configFile?: string
  raw?: true
  json?: true
}

/** One call of a command: its options, and what commands share. */
export interface Invocation<O = unknown> {
  surroundings: Surroundings
  options: O & GlobalOptions
  /** The settings of file and environment. Throws CONFIGURATION_INVALID. */
  settings(): Settings
  /** A client of the configured server. Throws CONFIGURATION_INVALID, also when there is no API key. */
  client(): Client
  /** A client for what is open to all; it has the API key when there is one. Throws CONFIGURATION_INVALID. */
  openClient(): Client
  /** Writes to standard output as it is. */
  print(text: string): Promise<void>
  /** Tells a person something; says nothing with --raw. */
  say(sentence: string): Promise<void>
  /** Prints a list the way that the options ask for; `none` tells a person that it is empty. */
  printList<T>(columns: readonly Column<T>[], items: readonly T[], none: string): Promise<void>
  /** Prints one item the way that the options ask for. */
  printItem<T>(columns: readonly Column<T>[], item: T): Promise<void>
}

export function createInvocation<O>(surroundings: Surroundings, options: O & GlobalOptions): Invocation<O> {
  const { stdout } = surroundings
  const print = (text: string) => stdout.write(text)
  const settings = () => readSettings(surroundings, options.configFile)
  return {
    surroundings,
    options,
    settings,
    client: () => clientOf(surroundings, keyed(settings())),
    openClient: () => clientOf(surroundings, settings()),
    print,
    say: async (sentence) => (options.raw ? undefined : print(`${sentence}\n`)),
    async printList(columns, items, none) {
      if (options.json) return print(formatJson(items))
      if (options.raw) return print(formatRaw(columns, items))
      if (items.length === 0) return print(`${none}\n`)
      await print(formatTable(columns, items, { width: stdout.columns, colours: hasColours(surroundings) }))
    },
    async printItem(columns, item) {
      if (options.json) return print(formatJson(item))
      await print(options.raw ? formatRaw(columns, [item]) : formatRecord(columns, item))
    },
  }
}

/** Whether standard output takes colours: a terminal, and nobody set NO_COLOR (https://no-color.org). */
export function hasColours(surroundings: Surroundings): boolean {
  return surroundings.stdout.isTerminal && !surroundings.environment.NO_COLOR
}

function readSettings(surroundings: Surroundings, configFile: string | undefined): Settings {
  const path = configFile ?? `${surroundings.home}/.vieterrc`
  const text = readConfigFile(surroundings, path, configFile !== undefined)
  return loadSettings({
    ...(text === undefined ? {} : { file: { path, text } }),
    environment: surroundings.environment,
    readFile: surroundings.readFile,
  })
}

function readConfigFile(surroundings: Surroundings, path: string, explicit: boolean): string | undefined {
  try {
    return surroundings.readFile(path)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT' && !explicit) return undefined
    throw new AppError('CONFIGURATION_INVALID', {
      message: `The configuration file ${path} cannot be read${code === 'ENOENT' ? ': it does not exist' : ` (${code})`}.`,
      hint: 'Check the path that --config-file gives, and its permissions.',
      cause,
    })
  }
}

function keyed(settings: Settings): Settings {
  if (settings.api_key !== undefined) return settings
  throw new AppError('CONFIGURATION_INVALID', {
    message: 'No API key is given, and the server asks for it.',
    hint: apiKeyHint,
  })
}

function clientOf({ fetch }: Surroundings, { address, api_key: apiKey }: Settings): Client {
  return createClient({ address, fetch, ...(apiKey === undefined ? {} : { apiKey }) })
}
