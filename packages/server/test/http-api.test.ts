import { describe, expect, test } from 'vitest'
import { packageArchive } from './support/packages.ts'
import { askRaw } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'

/** The status and the text of an answer. */
async function ask(
  server: TestServer,
  method: string,
  path: string,
  body?: string,
): Promise<[number, string]> {
  const response = await server.request(method, path, body === undefined ? {} : { body })
  return [response.status, await response.text()]
}

/** The status, the code and the message of a refusal. */
async function refusal(server: TestServer, method: string, path: string): Promise<string> {
  const [status, text] = await ask(server, method, path)
  const { message, data, code, hint } = JSON.parse(text) as Record<string, string>
  expect(data).toBe('')
  expect(hint).toMatch(/\S/)
  return `${status} ${code}: ${message}`
}

const empty = '{"message":"","data":""}'
const newTarget = '/api/v1/targets?kind=git&url=https%3A%2F%2Fexample.com%2Fa.git&repo=vieter'

describe('/health', () => {
  test('says so', async () => {
    const server = await startServer()
    expect(await ask(server, 'GET', '/health')).toEqual([200, '{"message":"Healthy.","data":""}'])
    expect(await ask(server, 'HEAD', '/health')).toEqual([200, ''])
  })
})

describe('targets', () => {
  test('are added, listed, shown, changed and removed, in the shapes of 0.6', async () => {
    const server = await startServer()
    expect(await ask(server, 'POST', newTarget)).toEqual([200, '{"message":"","data":1}'])
    const second =
      '/api/v1/targets?kind=git&url=https%3A%2F%2Fexample.com%2Fb+c.git&repo=other&branch=main&path=sub&schedule=0+5&arch=x86_64,aarch64'
    expect(await ask(server, 'POST', second)).toEqual([200, '{"message":"","data":2}'])
    const one =
      '{"id":1,"kind":"git","url":"https://example.com/a.git","branch":"","repo":"vieter","schedule":"","path":"",' +
      '"arch":[{"id":1,"target_id":1,"value":"x86_64"}]}'
    const two =
      '{"id":2,"kind":"git","url":"https://example.com/b c.git","branch":"main","repo":"other","schedule":"0 5","path":"sub",' +
      '"arch":[{"id":2,"target_id":2,"value":"x86_64"},{"id":3,"target_id":2,"value":"aarch64"}]}'
    const list = async (query: string) => (await ask(server, 'GET', `/api/v1/targets?${query}`))[1]
    expect(await list('')).toBe(`{"message":"","data":[${one},${two}]}`)
    expect(await list('limit=25&offset=0&repo&query&arch')).toBe(`{"message":"","data":[${one},${two}]}`)
    expect(await list('limit=1&offset=1')).toBe(`{"message":"","data":[${two}]}`)
    expect(await list('arch=aarch64')).toBe(`{"message":"","data":[${two}]}`)
    expect(await list('repo=vieter')).toBe(`{"message":"","data":[${one}]}`)
    expect(await ask(server, 'GET', '/api/v1/targets/1')).toEqual([200, `{"message":"","data":${one}}`])
    expect(await ask(server, 'PATCH', '/api/v1/targets/1?branch=dev&arch=aarch64,x86_64')).toEqual([
      200,
      '{"message":"","data":{"id":1,"kind":"git","url":"https://example.com/a.git","branch":"dev","repo":"vieter","schedule":"","path":"",' +
        '"arch":[{"id":4,"target_id":1,"value":"aarch64"},{"id":5,"target_id":1,"value":"x86_64"}]}}',
    ])
    expect((await ask(server, 'PATCH', '/api/v1/targets/1?branch=&schedule='))[1]).toContain('"branch":""')
    expect((await ask(server, 'PATCH', '/api/v1/targets/1'))[0]).toBe(200)
    expect(await ask(server, 'DELETE', '/api/v1/targets/1')).toEqual([200, empty])
    expect(await ask(server, 'DELETE', '/api/v1/targets/1')).toEqual([200, empty])
    expect(await list('')).toBe(`{"message":"","data":[${two}]}`)
  })

  test('are found by a part of url, path or branch, whose characters all mean themselves', async () => {
    const server = await startServer()
    const base = '/api/v1/targets?kind=git&repo=r'
    await ask(server, 'POST', `${base}&url=https://e.org/a_b`)
    await ask(server, 'POST', `${base}&url=https://e.org/acb&path=100%25`)
    await ask(server, 'POST', `${base}&url=https://e.org/x&branch=It%27s`)
    const ids = async (query: string) => {
      const [, text] = await ask(server, 'GET', `/api/v1/targets?query=${encodeURIComponent(query)}`)
      return (JSON.parse(text) as { data: { id: number }[] }).data.map(({ id }) => id)
    }
    expect(await ids('a_b')).toEqual([1])
    expect(await ids('0%')).toEqual([2])
    expect(await ids("it's")).toEqual([3])
    expect(await ids('\\')).toEqual([])
    expect(await ids("' or 1=1 --")).toEqual([])
    expect(await ids('E.ORG')).toEqual([1, 2, 3])
  })

  test.each([
    ['POST', '/api/v1/targets', '400 PARAMETER_MISSING: Missing parameter: kind.'],
    ['POST', '/api/v1/targets?kind=git', '400 PARAMETER_MISSING: Missing parameter: url.'],
    [
      'POST',
      '/api/v1/targets?kind=git&url=https://e.org/a',
      '400 PARAMETER_MISSING: Missing parameter: repo.',
    ],
    ['POST', newTarget.replace('git', 'svn'), '400 PARAMETER_INVALID: Invalid kind.'],
    [
      'POST',
      newTarget.replace('https', 'file'),
      '400 SOURCE_INVALID: Invalid url "file://example.com/a.git": it must begin with http://, https://, ssh://, git://.',
    ],
    [
      'POST',
      `${newTarget}&branch=--upload-pack%3Dx`,
      '400 SOURCE_INVALID: Invalid branch "--upload-pack=x": it must not begin with a dash.',
    ],
    [
      'POST',
      `${newTarget}&path=..%2F..`,
      '400 SOURCE_INVALID: Invalid path "../..": it must not leave the source.',
    ],
    [
      'POST',
      `${newTarget}&schedule=nonsense`,
      '400 SCHEDULE_INVALID: Invalid schedule "nonsense": it must have two to four fields.',
    ],
    [
      'POST',
      `${newTarget}&schedule=0+0+30+2`,
      '400 SCHEDULE_INVALID: Invalid schedule "0 0 30 2": no such day is in these months, so it would never come due.',
    ],
    [
      'POST',
      `${newTarget}&arch=any`,
      "400 PARAMETER_INVALID: The arch 'any' is not allowed here: packages can be for any architecture, a machine or a database can't.",
    ],
    [
      'POST',
      newTarget.replace('=vieter', '=local'),
      "400 REPOSITORY_NAME_INVALID: 'local' is a reserved keyword & cannot be used as a repository name.",
    ],
    ['PATCH', '/api/v1/targets/1?kind=bogus', '400 PARAMETER_INVALID: Invalid kind.'],
    [
      'PATCH',
      '/api/v1/targets/1?schedule=nonsense',
      '400 SCHEDULE_INVALID: Invalid schedule "nonsense": it must have two to four fields.',
    ],
    [
      'PATCH',
      '/api/v1/targets/1?arch=',
      '400 PARAMETER_INVALID: Parameter arch must name at least one architecture.',
    ],
    ['PATCH', '/api/v1/targets/999?branch=x', '404 TARGET_NOT_FOUND: There is no target 999.'],
    ['GET', '/api/v1/targets/999', '404 TARGET_NOT_FOUND: There is no target 999.'],
    ['GET', '/api/v1/targets/abc', '404 TARGET_NOT_FOUND: There is no target with this id.'],
    ['GET', '/api/v1/targets/0', '404 TARGET_NOT_FOUND: There is no target with this id.'],
    ['GET', '/api/v1/targets/1%27', '404 TARGET_NOT_FOUND: There is no target with this id.'],
    [
      'GET',
      '/api/v1/targets?limit=abc',
      '400 PARAMETER_INVALID: Parameter limit must be a whole number, but is "abc".',
    ],
  ])('%s %s', async (method, path, expected) => {
    const server = await startServer()
    await ask(server, 'POST', newTarget)
    expect(await refusal(server, method, path)).toBe(expected)
    expect(JSON.parse((await ask(server, 'GET', '/api/v1/targets'))[1])).toMatchObject({
      data: [{ kind: 'git', branch: '', schedule: '' }],
    })
  })
})

describe('jobs of the agents of 0.6', () => {
  test('are enqueued, and each is handed out once', async () => {
    const server = await startServer()
    await ask(server, 'POST', newTarget)
    await ask(server, 'POST', newTarget.replace('a.git', 'b.git'))
    expect(await ask(server, 'GET', '/api/v1/jobs/poll?arch=x86_64&max=10')).toEqual([
      200,
      '{"message":"","data":[]}',
    ])
    expect(await ask(server, 'POST', '/api/v1/jobs/queue?target=1&arch=x86_64&force=true')).toEqual([
      200,
      empty,
    ])
    expect(await ask(server, 'POST', '/api/v1/jobs/queue?target=2&arch=x86_64&force=false')).toEqual([
      200,
      empty,
    ])
    expect((await ask(server, 'GET', '/api/v1/jobs/poll?arch=riscv64&max=10'))[1]).toBe(
      '{"message":"","data":[]}',
    )
    const config = (target: number, name: string, force: boolean) =>
      `{"target_id":${target},"kind":"git","url":"https://example.com/${name}.git","branch":"","path":"","repo":"vieter",` +
      `"base_image":"archlinux:base-devel","force":${force},"timeout":3600}`
    const poll = async (max: number) =>
      (await ask(server, 'GET', `/api/v1/jobs/poll?arch=x86_64&max=${max}`))[1]
    expect(await poll(1)).toBe(`{"message":"","data":[${config(1, 'a', true)}]}`)
    expect(await poll(10)).toBe(`{"message":"","data":[${config(2, 'b', false)}]}`)
    expect(await poll(10)).toBe('{"message":"","data":[]}')
  })

  test.each([
    ['POST', '/api/v1/jobs/queue', '400 PARAMETER_MISSING: Missing target query arg.'],
    ['POST', '/api/v1/jobs/queue?target=1', '400 PARAMETER_MISSING: Missing arch query arg.'],
    ['POST', '/api/v1/jobs/queue?target=1&arch=', '400 PARAMETER_MISSING: Empty arch query arg.'],
    ['POST', '/api/v1/jobs/queue?target=999&arch=x86_64', '400 PARAMETER_INVALID: Unknown target id.'],
    [
      'POST',
      '/api/v1/jobs/queue?target=1&arch=a/b',
      '400 PARAMETER_INVALID: The arch "a/b" is not an architecture: letters, digits and underscores are allowed, at most 32.',
    ],
    ['GET', '/api/v1/jobs/poll', '400 PARAMETER_MISSING: Missing arch query arg.'],
    ['GET', '/api/v1/jobs/poll?arch=x86_64', '400 PARAMETER_MISSING: Missing max query arg.'],
    [
      'GET',
      '/api/v1/jobs/poll?arch=x86_64&max=abc',
      '400 PARAMETER_INVALID: Parameter max must be a whole number, but is "abc".',
    ],
  ])('%s %s', async (method, path, expected) => {
    const server = await startServer()
    await ask(server, 'POST', newTarget)
    expect(await refusal(server, method, path)).toBe(expected)
  })
})

describe('logs', () => {
  async function serverWithLogs(): Promise<TestServer> {
    const server = await startServer()
    await ask(server, 'POST', newTarget)
    await ask(server, 'POST', `${newTarget}&arch=aarch64`)
    const add = (query: string, text: string) => ask(server, 'POST', `/api/v1/logs?${query}`, text)
    expect(
      await add('startTime=1690000000&endTime=1690000100&exitCode=0&arch=x86_64&target=1', 'hello log'),
    ).toEqual([200, '{"message":"","data":1}'])
    await add('startTime=1690001000&endTime=1690001100&exitCode=1&arch=aarch64&target=2', 'log two')
    await add('startTime=1690002000&endTime=1690002100&exitCode=2&arch=aarch64&target=2', '')
    return server
  }

  test('are listed in the shape of 0.6', async () => {
    const server = await serverWithLogs()
    expect((await ask(server, 'GET', '/api/v1/logs?limit=1'))[1]).toBe(
      '{"message":"","data":[{"id":1,"target_id":1,"start_time":1690000000,"end_time":1690000100,"arch":"x86_64","exit_code":0}]}',
    )
  })

  test.each([
    ['', [1, 2, 3]],
    ['limit=25&offset=0&target=0&before=0&after=0&arch&exit_codes', [1, 2, 3]],
    ['offset=1&limit=1', [2]],
    ['target=2', [2, 3]],
    ['target=9', []],
    ['before=1690001000', [1]],
    ['after=1690000000', [2, 3]],
    ['after=1690000000&before=1690002000', [2]],
    ['arch=aarch64', [2, 3]],
    ['exit_codes=0,1', [1, 2]],
    ['exit_codes=!0', [2, 3]],
    ['exit_codes=!0,!2', [2]],
    ['exit_codes=%210', [2, 3]],
  ])('are filtered by %j', async (query, expected) => {
    const server = await serverWithLogs()
    const [, text] = await ask(server, 'GET', `/api/v1/logs?${query}`)
    expect((JSON.parse(text) as { data: { id: number }[] }).data.map(({ id }) => id)).toEqual(expected)
  })

  test('are shown, with their text, and removed', async () => {
    const server = await serverWithLogs()
    expect((await ask(server, 'GET', '/api/v1/logs/1'))[1]).toContain('"exit_code":0')
    const content = await server.request('GET', '/api/v1/logs/1/content')
    expect(content.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await content.text()).toBe('hello log')
    expect(await ask(server, 'GET', '/api/v1/logs/3/content')).toEqual([200, ''])
    expect(await ask(server, 'DELETE', '/api/v1/logs/1')).toEqual([200, empty])
    expect(await refusal(server, 'DELETE', '/api/v1/logs/1')).toBe('404 LOG_NOT_FOUND: There is no log 1.')
    expect(await refusal(server, 'GET', '/api/v1/logs/1/content')).toBe(
      '404 LOG_NOT_FOUND: There is no log 1.',
    )
  })

  test('have parts, for those who follow a build', async () => {
    const server = await serverWithLogs()
    const part = await server.request('GET', '/api/v1/logs/1/content', { headers: { range: 'bytes=6-' } })
    expect([part.status, await part.text()]).toEqual([206, 'log'])
  })

  test('are never pages, whatever a build prints', async () => {
    const server = await startServer()
    await ask(server, 'POST', newTarget)
    const query = 'startTime=1&endTime=2&exitCode=0&arch=x86_64&target=1'
    await ask(server, 'POST', `/api/v1/logs?${query}`, '<script>alert(1)</script>')
    const response = await server.request('GET', '/api/v1/logs/1/content')
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test.each([
    ['POST', '/api/v1/logs', '400 PARAMETER_MISSING: Invalid or missing start time.'],
    ['POST', '/api/v1/logs?startTime=1', '400 PARAMETER_MISSING: Invalid or missing end time.'],
    ['POST', '/api/v1/logs?startTime=1&endTime=2', '400 PARAMETER_MISSING: Missing exit code.'],
    [
      'POST',
      '/api/v1/logs?startTime=1&endTime=2&exitCode=0',
      "400 PARAMETER_MISSING: Missing parameter 'arch'.",
    ],
    [
      'POST',
      '/api/v1/logs?startTime=1&endTime=2&exitCode=0&arch=x86_64',
      '400 PARAMETER_MISSING: Unknown target.',
    ],
    ['GET', '/api/v1/logs/999', '404 LOG_NOT_FOUND: There is no log 999.'],
    ['GET', '/api/v1/logs/abc', '404 LOG_NOT_FOUND: There is no log with this id.'],
    ['GET', '/api/v1/logs/999/content', '404 LOG_NOT_FOUND: There is no log 999.'],
    [
      'GET',
      '/api/v1/logs?exit_codes=one',
      '400 PARAMETER_INVALID: Parameter exit_codes holds "one", which is no exit code.',
    ],
  ])('%s %s', async (method, path, expected) => {
    expect(await refusal(await startServer(), method, path)).toBe(expected)
  })

  test('of an unknown target are refused, and of more than the size that is taken', async () => {
    const server = await startServer({ settings: { max_log_size: 1 } })
    await ask(server, 'POST', newTarget)
    const add = (target: number, body: string) =>
      ask(server, 'POST', `/api/v1/logs?startTime=1&endTime=2&exitCode=0&arch=x86_64&target=${target}`, body)
    expect(await add(9, 'x')).toMatchObject([400, expect.stringContaining('"message":"Unknown target."')])
    expect(await add(1, 'x'.repeat((1 << 20) + 1))).toMatchObject([
      413,
      expect.stringContaining('"code":"BODY_TOO_LARGE"'),
    ])
    expect((await ask(server, 'GET', '/api/v1/logs'))[1]).toBe('{"message":"","data":[]}')
  })
})

describe('removing from repositories', () => {
  async function serverWithPackages(): Promise<TestServer> {
    const server = await startServer()
    await server.publish('repo', packageArchive({ name: 'a' }))
    await server.publish('repo', packageArchive({ name: 'b' }))
    await server.publish('repo', packageArchive({ name: 'c', arch: 'aarch64' }))
    return server
  }

  test('answers 200 with nothing, then 404, as 0.6 did', async () => {
    const server = await serverWithPackages()
    expect(await refusal(server, 'DELETE', '/repo/x86_64/nosuch')).toMatch(/^404 PACKAGE_NOT_FOUND/)
    expect(await refusal(server, 'DELETE', '/repo/riscv64/a')).toMatch(/^404 REPOSITORY_NOT_FOUND/)
    expect(await ask(server, 'DELETE', '/repo/x86_64/a')).toEqual([200, ''])
    expect(await refusal(server, 'DELETE', '/repo/x86_64/a')).toMatch(/^404 PACKAGE_NOT_FOUND/)
    expect(await ask(server, 'DELETE', '/repo/x86_64')).toEqual([200, ''])
    expect(await refusal(server, 'DELETE', '/repo/x86_64')).toMatch(/^404 REPOSITORY_NOT_FOUND/)
    expect((await ask(server, 'GET', '/repo/x86_64/repo.db'))[0]).toBe(404)
    expect((await ask(server, 'GET', '/repo/aarch64/repo.db'))[0]).toBe(200)
    expect(await ask(server, 'DELETE', '/repo')).toEqual([200, ''])
    expect(await refusal(server, 'DELETE', '/repo')).toMatch(/^404 REPOSITORY_NOT_FOUND/)
    expect((await ask(server, 'GET', '/repo/aarch64/repo.db'))[0]).toBe(404)
  })

  test('a repository whose last architecture was removed is still there to be removed', async () => {
    const server = await startServer()
    await server.publish('repo', packageArchive())
    expect(await ask(server, 'DELETE', '/repo/x86_64')).toEqual([200, ''])
    expect(await ask(server, 'DELETE', '/repo')).toEqual([200, ''])
  })

  test('never reaches the API by a name of its own', async () => {
    const server = await serverWithPackages()
    await ask(server, 'POST', newTarget)
    for (const path of ['/api', '/api/v1', '/api/v1/targets', '/health', '/api/v1/logs'])
      expect([path, (await ask(server, 'DELETE', path))[0]]).toEqual([path, 404])
    expect((await ask(server, 'GET', '/api/v1/targets/1'))[0]).toBe(200)
  })
})

describe('metrics', () => {
  test('do not exist unless they are wanted', async () => {
    const server = await startServer()
    expect(await refusal(server, 'GET', '/api/v1/metrics')).toMatch(/^404 ROUTE_NOT_FOUND/)
  })

  test('are open, named as in 0.6, and count downloads too', async () => {
    const server = await startServer({ settings: { collect_metrics: true } })
    await server.publish('repo', packageArchive())
    await (await fetch(`${server.url}/repo/x86_64/repo.db`)).bytes()
    const response = await fetch(`${server.url}/api/v1/metrics`)
    expect(response.headers.get('content-type')).toContain('text/plain')
    const text = await response.text()
    expect(text).toContain(
      'vieter_http_requests_total{method="GET",path="/:repo/:arch/:filename",status="200"} 1',
    )
    expect(text).toContain('vieter_http_requests_total{method="POST",path="/:repo/publish",status="200"} 1')
    for (const bound of [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10])
      expect(text).toContain(`vieter_http_requests_duration_seconds_bucket{le="${bound}",`)
  })

  test('tell how far the dates of databases are ahead of the clock', async () => {
    const server = await startServer({ settings: { collect_metrics: true } })
    const driftOf = async (repository: string, arch: string) => {
      const text = await (await fetch(`${server.url}/api/v1/metrics`)).text()
      const series = `vieter_last_modified_drift_seconds{repo="${repository}",arch="${arch}"} `
      const line = text.split('\n').find((candidate) => candidate.startsWith(series))
      return line && Number(line.slice(series.length))
    }
    expect(await driftOf('repo', 'x86_64')).toBeUndefined()
    await server.publish('repo', packageArchive())
    expect(await driftOf('repo', 'x86_64')).toBe(0)
    const dates = new Set<string | null>()
    for (let number = 0; number < 40; number += 1) {
      await server.publish('busy', packageArchive({ name: `package-${number}`, arch: 'aarch64' }))
      const response = await fetch(`${server.url}/busy/aarch64/busy.db`)
      await response.bytes()
      dates.add(response.headers.get('last-modified'))
    }
    expect(dates.size).toBe(40)
    expect(await driftOf('busy', 'aarch64')).toBeGreaterThan(0)
    await server.request('DELETE', '/busy')
    expect(await driftOf('busy', 'aarch64')).toBeUndefined()
  })

  test('tell how long the event loop was held up', async () => {
    const server = await startServer({ settings: { collect_metrics: true } })
    const read = async (series: string) => {
      const text = await (await fetch(`${server.url}/api/v1/metrics`)).text()
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `))
      return Number(line?.slice(series.length + 1))
    }
    const longest = () => read('vieter_event_loop_delay_max_seconds')
    await expect.poll(longest).toBeGreaterThan(0)
    const until = performance.now() + 300
    while (performance.now() < until);
    await expect.poll(longest).toBeGreaterThan(0.29)
    const quantiles = await Promise.all(
      ['0.5', '0.99', '0.999'].map((quantile) =>
        read(`vieter_event_loop_delay_seconds{quantile="${quantile}"}`),
      ),
    )
    expect(quantiles).toEqual(quantiles.toSorted((a, b) => a - b))
    expect(quantiles[0]).toBeGreaterThan(0)
    expect(quantiles[2]).toBeLessThanOrEqual((await longest()) * 1.01)
  })
})

describe('what the server says of itself', () => {
  test('the OpenAPI document, with its version', async () => {
    const server = await startServer()
    expect(await (await fetch(`${server.url}/api/v1/openapi.json`)).json()).toMatchObject({
      openapi: '3.1.0',
      info: { version: '1.2.3' },
    })
  })

  test('the reference page, which runs no scripts', async () => {
    const server = await startServer()
    const response = await fetch(`${server.url}/api/docs`)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    const page = await response.text()
    expect(page).toContain('/api/v1/targets')
    expect(page).toContain('PACKAGE_EXISTS')
    expect(page).not.toContain('<script')
  })

  test('a person at the root is shown the way', async () => {
    const server = await startServer()
    const response = await server.request('GET', '/')
    expect([response.status, response.headers.get('location')]).toEqual([302, '/api/docs'])
  })
})

describe('what is not there', () => {
  test.each([
    ['GET', '/nosuch'],
    ['GET', '/API/v1/targets'],
    ['HEAD', '/nosuch'],
  ])('%s %s is a plain 404, for pacman and browsers', async (method, path) => {
    const response = await (await startServer()).request(method, path)
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await response.text()).toBe(method === 'HEAD' ? '' : '404 Not Found')
  })

  test.each([
    ['GET', '/api/v1/nosuch'],
    ['GET', '/api/v2/targets'],
    ['POST', '/health'],
    ['PUT', '/repo/publish'],
    ['POST', '/repo/x86_64/publish'],
  ])('%s %s is a 404 in the envelope', async (method, path) => {
    expect(await refusal(await startServer(), method, path)).toMatch(/^404 /)
  })

  test('every answer has the id of its request, for the log', async () => {
    const server = await startServer()
    const ids = await Promise.all(
      ['/health', '/nosuch', '/repo/x86_64/repo.db'].map(async (path) =>
        (await server.request('GET', path)).headers.get('x-request-id'),
      ),
    )
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/)
  })

  test('a request that is no HTTP is answered with 400', async () => {
    const { port } = await startServer()
    expect(await askRaw(port, 'NONSENSE')).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('a repository name that could be misread', () => {
  test.each([
    ['api', "'api' is a reserved keyword & cannot be used as a repository name."],
    ['health', "'health' is a reserved keyword & cannot be used as a repository name."],
    ['local', "'local' is a reserved keyword & cannot be used as a repository name."],
    ['options', "'options' is a reserved keyword & cannot be used as a repository name."],
    ['LOCAL', "'LOCAL' is a reserved keyword & cannot be used as a repository name."],
    ['.hidden', 'The repository name ".hidden" is not allowed'],
    ['..', 'is not allowed'],
    ['-', 'The repository name "-" is not allowed'],
    ['-x', 'The repository name "-x" is not allowed'],
    ['a@b', 'The repository name "a@b" is not allowed'],
    ['a/b', 'The repository name "a/b" is not allowed'],
    ['../b', 'The repository name "../b" is not allowed'],
    ['a\\b', 'The repository name "a\\\\b" is not allowed'],
    ['a b', 'The repository name "a b" is not allowed'],
    ['a\nb', 'The repository name "a\\nb" is not allowed'],
    ['a\0b', 'The repository name "a\\u0000b" is not allowed'],
    ['a\u202eb', 'The repository name "a\\u202eb" is not allowed'],
    ['$(id)', 'The repository name "$(id)" is not allowed'],
    ['a\'"`b', 'The repository name "a\'\\"`b" is not allowed'],
    ['<b>', 'The repository name "<b>" is not allowed'],
    ['ü', 'The repository name "ü" is not allowed'],
    ['a'.repeat(65), `The repository name "${'a'.repeat(65)}" is not allowed`],
  ])('%j is refused when a package is published to it', async (name, reason) => {
    const server = await startServer()
    const path = `/${encodeURIComponent(name).replaceAll('.', '%2e')}/publish`
    const [head = '', ...rest] = (
      await askRaw(server.port, `POST ${path} HTTP/1.1`, 'Host: x', 'X-Api-Key: secret', 'Content-Length: 0')
    ).split('\r\n')
    expect(head).toBe('HTTP/1.1 400 Bad Request')
    const body = Buffer.from(rest.at(-1) ?? '', 'latin1').toString()
    expect(JSON.parse(body)).toMatchObject({
      code: 'REPOSITORY_NAME_INVALID',
      message: expect.stringContaining(reason),
    })
  })

  test.each(['a', 'A-b_c.d+e', '_x', '9', 'a'.repeat(64)])('%s is fine', async (name) => {
    const server = await startServer()
    expect((await server.publish(name, packageArchive())).status).toBe(200)
    expect((await fetch(`${server.url}/${name}/x86_64/${name}.db`)).status).toBe(200)
  })
})
