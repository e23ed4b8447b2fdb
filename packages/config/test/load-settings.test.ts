import { AppError } from '@vieter/api'
import { describe, expect, test } from 'vitest'
import { formatSettingsReference, loadSettings, settings } from '../src/index.ts'

interface Given {
  file?: string
  environment?: Record<string, string | undefined>
  files?: Record<string, string>
}

function load({ file, environment = {}, files = {} }: Given) {
  return loadSettings({
    ...(file === undefined ? {} : { file: { path: '/etc/vieter.toml', text: file } }),
    environment,
    readFile(path) {
      const text = files[path]
      if (text === undefined) throw new Error(`ENOENT: ${path}`)
      return text
    },
  })
}

function refusal(given: Given): string {
  try {
    load(given)
  } catch (error) {
    if (error instanceof AppError && error.code === 'CONFIGURATION_INVALID') return error.message
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a setting', () => {
  test('has its default when nobody gives it', () => {
    expect(load({})).toMatchObject({
      port: 8000,
      log_level: 'WARN',
      default_arch: 'x86_64',
      global_schedule: '0 3',
      base_image: 'archlinux:base-devel',
      max_log_age: 0,
      log_removal_schedule: '0 0',
      collect_metrics: false,
      default_build_timeout: 3600,
      max_concurrent_builds: 1,
      polling_frequency: 30,
      image_rebuild_frequency: 1440,
      api_key: undefined,
    })
  })

  test('is taken from the file', () => {
    expect(
      load({ file: 'port = 9000\ncollect_metrics = true\nglobal_schedule = "*/5 * 1"\napi_key = "k"' }),
    ).toMatchObject({ port: 9000, collect_metrics: true, global_schedule: '*/5 * 1', api_key: 'k' })
  })

  test('is taken from the environment before the file', () => {
    expect(load({ file: 'port = 9000\nhost = "::1"', environment: { VIETER_PORT: '9001' } })).toMatchObject({
      port: 9001,
      host: '::1',
    })
  })

  test('is taken from the file that the environment names, without the line end behind it', () => {
    expect(
      load({
        file: 'api_key = "from-toml"',
        environment: { VIETER_API_KEY_FILE: '/run/secrets/key', VIETER_PORT_FILE: '/run/port' },
        files: { '/run/secrets/key': 'from-file\n', '/run/port': '9002\r\n' },
      }),
    ).toMatchObject({ api_key: 'from-file', port: 9002 })
  })

  test('is not looked for in variables of others, nor in ones that are not set', () => {
    expect(load({ environment: { PORT: '1', VIETERPORT: '2', VIETER_PORT: undefined } }).port).toBe(8000)
  })
})

describe('refused at start, by name', () => {
  test.each<[string, Given, string]>([
    ['an unknown key of the file', { file: 'prot = 1' }, '/etc/vieter.toml: the setting "prot" is unknown'],
    ['a table', { file: '[server]\nport = 1' }, '/etc/vieter.toml: the setting "server" is unknown'],
    [
      'a key that is a property of every object',
      { file: 'constructor = 1' },
      '/etc/vieter.toml: the setting "constructor" is unknown',
    ],
    [
      'an unknown variable',
      { environment: { VIETER_PROT: '1' } },
      'the environment variable VIETER_PROT is unknown',
    ],
    [
      'an unknown variable with _FILE',
      { environment: { VIETER_PROT_FILE: '/x' } },
      'the environment variable VIETER_PROT_FILE is unknown',
    ],
    [
      'a variable and its _FILE',
      {
        environment: { VIETER_PORT: '1', VIETER_PORT_FILE: '/run/port' },
        files: { '/run/port': '2' },
      },
      'VIETER_PORT and VIETER_PORT_FILE are both set',
    ],
    [
      'a file that is not there',
      { environment: { VIETER_API_KEY_FILE: '/run/none' } },
      'VIETER_API_KEY_FILE: the file "/run/none" cannot be read',
    ],
    [
      'a time zone that there is not',
      { environment: { VIETER_TIME_ZONE: 'Mars/Olympus' } },
      'VIETER_TIME_ZONE must be a time zone such as Europe/Berlin or UTC, and "Mars/Olympus" is none',
    ],
    [
      'no time zone at all',
      { file: 'time_zone = ""' },
      '/etc/vieter.toml: time_zone must be a time zone such as Europe/Berlin or UTC, and "" is none',
    ],
    [
      'a number that is none',
      { file: 'port = "many"' },
      '/etc/vieter.toml: port must be a whole number from 0 to 65535',
    ],
    [
      'a number out of bounds',
      { environment: { VIETER_PORT: '65536' } },
      'VIETER_PORT must be a whole number from 0 to 65535',
    ],
    [
      'a number in other writing',
      { environment: { VIETER_PORT: '0x50' } },
      'VIETER_PORT must be a whole number from 0 to 65535',
    ],
    [
      'no number at all',
      { environment: { VIETER_PORT: '' } },
      'VIETER_PORT must be a whole number from 0 to 65535',
    ],
    [
      'a broken number',
      { file: 'port = 80.5' },
      '/etc/vieter.toml: port must be a whole number from 0 to 65535',
    ],
    [
      'a truth that is none',
      { environment: { VIETER_COLLECT_METRICS: 'yes' } },
      'VIETER_COLLECT_METRICS must be true or false',
    ],
    [
      'a choice that is none',
      { environment: { VIETER_LOG_LEVEL: 'LOUD' } },
      'VIETER_LOG_LEVEL must be one of FATAL, ERROR, WARN, INFO, DEBUG',
    ],
    ['another type', { file: 'host = 1' }, '/etc/vieter.toml: host must be a text'],
    ['an empty text', { file: 'data_dir = ""' }, '/etc/vieter.toml: data_dir must not be empty'],
    [
      'any as architecture',
      { file: 'default_arch = "any"' },
      '/etc/vieter.toml: default_arch must be an architecture such as x86_64, never any',
    ],
    [
      'an address that is none',
      { environment: { VIETER_ADDRESS: 'example.org' } },
      'VIETER_ADDRESS must be an http or https address without a query',
    ],
    [
      'an image that would be an option',
      { environment: { VIETER_BASE_IMAGE: '--privileged' } },
      'VIETER_BASE_IMAGE must be the name of an image such as archlinux:base-devel',
    ],
    [
      'a schedule that never comes due',
      { file: 'global_schedule = "0 0 30 2"' },
      '/etc/vieter.toml: global_schedule: Invalid schedule "0 0 30 2": no such day is in these months, so it would never come due',
    ],
    [
      'a schedule of another type',
      { file: 'global_schedule = 3' },
      '/etc/vieter.toml: global_schedule must be a text',
    ],
  ])('%s', (_, given, reason) => {
    expect(refusal(given)).toBe(`Invalid configuration: ${reason}.`)
  })

  test('a file that is no TOML, with the reason', () => {
    expect(refusal({ file: 'port = = 1' })).toMatch(
      /^Invalid configuration: \/etc\/vieter\.toml is not valid TOML: .+\.$/,
    )
  })
})

describe('a secret', () => {
  const secret = 'hunter2-hunter2'

  /** An error with everything that a log or a terminal would show of it. */
  function allOf(given: Given): string {
    try {
      load(given)
    } catch (error) {
      const parts: string[] = []
      for (let fault = error; fault instanceof Error; fault = fault.cause)
        parts.push(fault.message, fault.stack ?? '')
      return parts.join('\n')
    }
    throw new Error('nothing was refused')
  }

  test.each<[string, Given]>([
    ['with a blank in it', { environment: { VIETER_API_KEY: `${secret} x` } }],
    ['of another type', { file: `api_key = ["${secret}"]` }],
    ['in a file that is no TOML', { file: `port = 1\napi_key = "${secret}"\nhost = = 2` }],
    ['in a line that is no TOML', { file: `api_key = "${secret}\n` }],
    [
      'in a file, with two lines',
      { environment: { VIETER_API_KEY_FILE: '/k' }, files: { '/k': `${secret}\nx` } },
    ],
    [
      'given twice',
      { environment: { VIETER_API_KEY: secret, VIETER_API_KEY_FILE: '/k' }, files: { '/k': secret } },
    ],
  ])('%s is not in the message, nor in what lies below it', (_, given) => {
    expect(allOf(given)).not.toContain(secret)
  })
})

describe('the reference', () => {
  const reference = formatSettingsReference()

  test('has every setting, with its variable', () => {
    for (const name of Object.keys(settings)) {
      expect(reference).toContain(`### \`${name}\``)
      expect(reference).toContain(`\`VIETER_${name.toUpperCase()}\``)
    }
  })

  test('every default is a value that would be taken', () => {
    const given = Object.entries(settings).flatMap(([name, setting]) =>
      'default' in setting ? [[`VIETER_${name.toUpperCase()}`, String(setting.default)]] : [],
    )
    expect(load({ environment: Object.fromEntries(given) as Record<string, string> })).toEqual(load({}))
  })

  test('says how each is written', () => {
    expect(reference).toContain('whole number from 1 to 604800 (seconds)')
    expect(reference).toContain('one of FATAL, ERROR, WARN, INFO, DEBUG')
  })
})
