import Type, { type TObject } from 'typebox'
import { describe, expect, test } from 'vitest'
import { AppError, contract, decodeParameters } from '../src/index.ts'

/** The texts of a query string, as the server gets them: `+` and `%20` are blanks, a bare key is an empty text. */
function queryOf(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text))
}

function decode(endpoint: { query: TObject; emptyQuery: 'unset' | 'kept' }, query: string): unknown {
  return decodeParameters(endpoint.query, queryOf(query), endpoint.emptyQuery)
}

/** The refusal as `CODE: message`. */
function refusal(attempt: () => unknown): string {
  try {
    attempt()
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message}`
    throw error
  }
  throw new Error('nothing was refused')
}

describe('what the client of Vieter 0.6 sends', () => {
  test('bare keys of a list of targets are unset', () => {
    expect(decode(contract.listTargets, 'limit=25&offset=0&repo&query&arch')).toEqual({
      limit: 25,
      offset: 0,
    })
  })

  test('bare keys and zeros of a list of logs are unset', () => {
    const query = 'limit=25&offset=0&target=0&before=0&after=0&arch&exit_codes'
    const { target, before, after, ...rest } = decode(contract.listLogs, query) as Record<string, unknown>
    expect(rest).toEqual({ limit: 25, offset: 0 })
    expect([target, before, after].map((value) => value || 'unset')).toEqual(['unset', 'unset', 'unset'])
  })

  test('a plus is a blank, and bare keys of a new target are unset', () => {
    const query = 'kind=git&url=https%3A%2F%2Fe.org%2Fx+y.git&branch&repo=vieter&path&arch'
    expect(decode(contract.addTarget, query)).toEqual({
      kind: 'git',
      url: 'https://e.org/x y.git',
      repo: 'vieter',
    })
  })

  test.each([
    ['force=true', true],
    ['force=false', false],
    ['force=0', false],
    ['force=1', true],
    ['force', true],
    ['', undefined],
  ])('%j asks for a forced build: %s', (force, expected) => {
    const query = decode(contract.enqueueJob, `target=1&arch=x86_64&${force}`) as { force?: boolean }
    expect(query.force).toBe(expected)
  })

  test('a limit of zero is unset, so the default holds', () => {
    expect(decode(contract.listTargets, 'limit=0')).toEqual({ limit: 25, offset: 0 })
  })
})

describe('an empty value', () => {
  test('clears a field where it is kept', () => {
    expect(decode(contract.editTarget, 'branch=&schedule=&arch=')).toEqual({
      branch: '',
      schedule: '',
      arch: [],
    })
  })

  test('is never a number', () => {
    expect(refusal(() => decode(contract.appendLog, 'offset='))).toBe(
      'PARAMETER_MISSING: Missing parameter: offset.',
    )
  })

  test('a zero is a number where empty values are kept', () => {
    expect(decode(contract.appendLog, 'offset=0')).toEqual({ offset: 0 })
    expect(decode(contract.finishBuild, 'exit_code=0')).toEqual({ exit_code: 0 })
  })
})

describe('a list', () => {
  test('is cut at commas, blanks around its items fall away', () => {
    expect(decode(contract.addTarget, 'kind=git&url=u&repo=r&arch=x86_64, aarch64')).toMatchObject({
      arch: ['x86_64', 'aarch64'],
    })
  })

  test('has an end', () => {
    const query = `kind=git&url=u&repo=r&arch=${Array(17).fill('x').join(',')}`
    expect(refusal(() => decode(contract.addTarget, query))).toContain('PARAMETER_INVALID: Parameter arch ')
  })
})

describe('a parameter that cannot be used is named', () => {
  test.each([
    [contract.listTargets, 'limit=abc', 'Parameter limit must be a whole number, but is "abc".'],
    [contract.listTargets, 'limit=1.5', 'Parameter limit must be a whole number, but is "1.5".'],
    [contract.listTargets, 'limit=0x10', 'Parameter limit must be a whole number, but is "0x10".'],
    [contract.listTargets, 'limit=1e3', 'Parameter limit must be a whole number, but is "1e3".'],
    [contract.listTargets, 'limit= 1', 'Parameter limit must be a whole number, but is " 1".'],
    [contract.listTargets, 'limit=-1', 'Parameter limit must be >= 1, but is "-1".'],
    [contract.listTargets, 'limit=10001', 'Parameter limit must be <= 10000, but is "10001".'],
    [
      contract.listTargets,
      'limit=9999999999999999',
      'Parameter limit must be a whole number, but is "9999999999999999".',
    ],
    [contract.pollJobs, 'arch=x86_64&max=abc', 'Parameter max must be a whole number, but is "abc".'],
    [
      contract.enqueueJob,
      'target=1&arch=x86_64&timeout=604801',
      'Parameter timeout must be <= 604800, but is "604801".',
    ],
    [contract.finishBuild, 'exit_code=256', 'Parameter exit_code must be <= 255, but is "256".'],
  ] as const)('%#: %s', (endpoint, query, message) => {
    expect(refusal(() => decode(endpoint, query))).toBe(`PARAMETER_INVALID: ${message}`)
  })

  test('and its value is quoted no further than 100 characters', () => {
    const message = refusal(() => decode(contract.listTargets, `limit=${'9'.repeat(5000)}`))
    expect(message.length).toBeLessThan(200)
  })
})

describe('a parameter that is missing is told in the words of 0.6', () => {
  test.each([
    [contract.addTarget, '', 'Missing parameter: kind.'],
    [contract.addTarget, 'kind=git', 'Missing parameter: url.'],
    [contract.addTarget, 'kind=git&url=u', 'Missing parameter: repo.'],
    [contract.addTarget, 'kind&url=u&repo=r', 'Missing parameter: kind.'],
    [contract.enqueueJob, '', 'Missing target query arg.'],
    [contract.enqueueJob, 'target=0', 'Missing target query arg.'],
    [contract.enqueueJob, 'target=1', 'Missing arch query arg.'],
    [contract.enqueueJob, 'target=1&arch=', 'Empty arch query arg.'],
    [contract.pollJobs, '', 'Missing arch query arg.'],
    [contract.pollJobs, 'arch=x86_64', 'Missing max query arg.'],
    [contract.addLog, '', 'Invalid or missing start time.'],
    [contract.addLog, 'startTime=1', 'Invalid or missing end time.'],
    [contract.addLog, 'startTime=1&endTime=2', 'Missing exit code.'],
    [contract.addLog, 'startTime=1&endTime=2&exitCode=0', "Missing parameter 'arch'."],
    [contract.addLog, 'startTime=1&endTime=2&exitCode=0&arch=x86_64', 'Unknown target.'],
  ] as const)('%#: %s', (endpoint, query, message) => {
    expect(refusal(() => decode(endpoint, query))).toBe(`PARAMETER_MISSING: ${message}`)
  })
})

describe('names that are properties of every object', () => {
  test('are no parameters', () => {
    const schema = Type.Object({ constructor: Type.Optional(Type.String()) })
    expect(decodeParameters(schema, Object.create(null) as Record<string, string>, 'unset')).toEqual({})
    expect(decode(contract.listTargets, '__proto__=x&toString=y')).toEqual({ limit: 25, offset: 0 })
  })
})
