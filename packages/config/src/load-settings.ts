import { AppError, isTimeZone, parseSchedule } from '@vieter/api'
import { parse } from 'smol-toml'
import { type Setting, type SettingName, type Settings, settings } from './settings.ts'

interface SettingsSources {
  /** A configuration file that was read, with its path for messages. */
  file?: { path: string; text: string }
  environment: Readonly<Record<string, string | undefined>>
  /** Reads the file that a `VIETER_*_FILE` variable names; throws when it can't. */
  readFile(path: string): string
}

/** Where a value came from, for messages, and the value: typed when from TOML, text when from the environment. */
interface Given {
  origin: string
  value: unknown
}

/**
 * Reads all settings: defaults, overridden by a TOML file, overridden by `VIETER_<NAME>`, or by the contents of the
 * file that `VIETER_<NAME>_FILE` names.
 * Throws CONFIGURATION_INVALID for an unknown key, a bad value, or both variables of one setting, by name.
 */
export function loadSettings(sources: SettingsSources): Settings {
  const given = { ...givenByFile(sources.file), ...givenByEnvironment(sources) }
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries<Setting>(settings)) {
    const value = given[name]
    values[name] = value === undefined ? setting.default : decode(setting, value)
  }
  return values as Settings
}

function givenByFile(file: SettingsSources['file']): Record<string, Given> {
  if (!file) return {}
  const given: Record<string, Given> = {}
  for (const [name, value] of Object.entries(parseToml(file))) {
    if (!isSettingName(name)) throw invalid(`${file.path}: the setting ${JSON.stringify(name)} is unknown`)
    given[name] = { origin: `${file.path}: ${name}`, value }
  }
  return given
}

function parseToml(file: { path: string; text: string }): Record<string, unknown> {
  try {
    return parse(file.text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    // Without the cause: it quotes the lines around the fault, and one of them may be the API key.
    throw invalid(`${file.path} is not valid TOML: ${reason}`)
  }
}

function givenByEnvironment({ environment, readFile }: SettingsSources): Record<string, Given> {
  const given: Record<string, Given> = {}
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || !variable.startsWith('VIETER_')) continue
    const { name, value } = readVariable(variable, text, readFile)
    const earlier = given[name]
    if (earlier) throw invalid(`${earlier.origin} and ${variable} are both set`)
    given[name] = { origin: variable, value }
  }
  return given
}

function readVariable(
  variable: string,
  text: string,
  readFile: (path: string) => string,
): { name: string; value: string } {
  const name = variable.slice('VIETER_'.length).toLowerCase()
  if (isSettingName(name)) return { name, value: text }
  const named = name.replace(/_file$/, '')
  if (named === name || !isSettingName(named))
    throw invalid(`the environment variable ${variable} is unknown`)
  try {
    return { name: named, value: readFile(text).replace(/\r?\n$/, '') }
  } catch (cause) {
    throw invalid(`${variable}: the file ${JSON.stringify(text)} cannot be read`, cause)
  }
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settings, name)
}

function decode(setting: Setting, { origin, value }: Given): unknown {
  if (setting.type === 'integer') return decodeInteger(setting, origin, value)
  if (setting.type === 'boolean') return decodeBoolean(origin, value)
  if (typeof value !== 'string') throw invalid(`${origin} must be a text`)
  if (setting.type === 'schedule') return decodeSchedule(origin, value)
  if (setting.type === 'time zone') return decodeTimeZone(origin, value)
  if (setting.choices && !setting.choices.includes(value)) {
    throw invalid(`${origin} must be one of ${setting.choices.join(', ')}`)
  }
  if (setting.pattern && !setting.pattern.test(value))
    throw invalid(`${origin} must be ${setting.patternHint}`)
  if (value === '') throw invalid(`${origin} must not be empty`)
  return value
}

function decodeInteger(setting: Setting & { type: 'integer' }, origin: string, value: unknown): number {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value
  if (
    typeof number !== 'number' ||
    !Number.isSafeInteger(number) ||
    number < setting.min ||
    number > setting.max
  ) {
    throw invalid(`${origin} must be a whole number from ${setting.min} to ${setting.max}`)
  }
  return number
}

function decodeBoolean(origin: string, value: unknown): boolean {
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw invalid(`${origin} must be true or false`)
}

function decodeSchedule(origin: string, value: string): string {
  try {
    parseSchedule(value)
    return value
  } catch (cause) {
    throw invalid(
      `${origin}: ${cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause)}`,
      cause,
    )
  }
}

function decodeTimeZone(origin: string, value: string): string {
  if (isTimeZone(value)) return value
  throw invalid(
    `${origin} must be a time zone such as Europe/Berlin or UTC, and ${JSON.stringify(value.slice(0, 100))} is none`,
  )
}

function invalid(message: string, cause?: unknown): AppError {
  return new AppError('CONFIGURATION_INVALID', { message: `Invalid configuration: ${message}.`, cause })
}
