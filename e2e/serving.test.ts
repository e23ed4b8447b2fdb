import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { forgePackage, savePackage } from './lab/forge.ts'
import { type Nginx, type NginxConfiguration, startNginx } from './lab/nginx.ts'
import { makePacmanRoot } from './lab/pacman.ts'
import { run, runChecked } from './lab/processes.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { startServer, type VieterServer, vieter } from './lab/vieter.ts'

const guide = await readFile(new URL('../docs/serving.md', import.meta.url), 'utf8')
const large = forgePackage({
  name: 'large',
  version: '1:1.0-1',
  files: { 'usr/share/large': randomBytes(3_000_000) },
})

let scratch: Scratch
let server: VieterServer
let nginx: Nginx
/** Where clients find the server: behind nginx, both configured as the guide says. */
let address: string

beforeAll(async () => {
  scratch = await makeScratch('serving')
  const { base_path, trusted_proxies, accel_redirect } = settingsOfGuide()
  server = await startServer({
    dataFolder: join(scratch.path, 'data'),
    settings: {
      VIETER_BASE_PATH: base_path ?? '',
      VIETER_TRUSTED_PROXIES: trusted_proxies ?? '',
      VIETER_ACCEL_REDIRECT: accel_redirect ?? '',
    },
  })
  nginx = await startNginx(nginxOfGuide())
  address = `${nginx.address}${base_path}`
  await publish(await savePackage(large, scratch.path))
})

afterAll(async () => {
  await nginx.stop()
  await server.stop()
  await scratch.remove()
})

function block(language: string): string {
  return new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(guide)?.[1] ?? ''
}

function settingsOfGuide(): Record<string, string | undefined> {
  return Object.fromEntries(
    Array.from(block('toml').matchAll(/^(\w+) = "(.*)"$/gm), ([, name, text]) => [name, text]),
  )
}

/** The guide's nginx.conf with the addresses and folders of this test. */
function nginxOfGuide(): NginxConfiguration {
  const [, http = '', inner = ''] = /^(.*?)^server \{\n(.*)^\}/ms.exec(block('nginx')) ?? []
  return {
    http: http.replace('127.0.0.1:8000', `127.0.0.1:${server.port}`),
    server: inner
      .replace(/^ *(listen|server_name) .*;\n/gm, '')
      .replace('/var/lib/vieter/packages/', `${server.dataFolder}/packages/`),
  }
}

async function publish(path: string): Promise<void> {
  const options = ['-sS', '--fail', '-XPOST', '-H', `X-Api-Key: ${server.apiKey}`, '-T', path]
  await runChecked('curl', [...options, `${address}/lab/publish`])
}

test('the largest signature that there is comes through the proxy of the guide, by `vieter publish`', async () => {
  const path = await savePackage(forgePackage({ name: 'signed', version: '1-1' }), scratch.path)
  const size = 16 * 1024
  // A signature packet (RFC 9580 §4.2.1) with a length of four bytes.
  const signature = Buffer.concat([
    Buffer.from([0xc2, 255, 0, 0, (size - 6) >> 8, (size - 6) & 255]),
    randomBytes(size - 6),
  ])
  await writeFile(`${path}.sig`, signature)
  const outcome = await vieter(['publish', path, '--repo', 'lab'], {
    server: { address, apiKey: server.apiKey },
  })
  expect(outcome).toMatchObject({ code: 0, stdout: 'Published signed 1-1 to lab for x86_64.\n' })
  const served = await fetch(`${address}/lab/x86_64/signed-1-1-any.pkg.tar.zst.sig`)
  expect(Buffer.from(await served.bytes()).equals(signature)).toBe(true)
})

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return fetch(`${address}/lab/x86_64/${path}`, { headers, method })
}

describe('behind nginx, as docs/serving.md has it', () => {
  test('pacman syncs, and installs a package that nginx sends', async () => {
    const pacman = await makePacmanRoot([{ name: 'lab', server: `${address}/$repo/$arch` }])
    onTestFinished(pacman.remove)
    expect(await pacman.run('-Sy', 'large')).toMatchObject({ code: 0 })
    expect((await pacman.run('-Sy', '--debug')).stderr).toMatch(/response code 304/)
  })

  test('a package comes from nginx, with all that Vieter says of it', async () => {
    const response = await get(large.filename)
    expect(Buffer.from(await response.bytes())).toEqual(large.bytes)
    const direct = await fetch(`${server.address}/lab/x86_64/${large.filename}`, { method: 'HEAD' })
    expect(direct.headers.get('x-accel-redirect')).toMatch(/^\/internal\//)
    const told = ['etag', 'last-modified', 'cache-control', 'content-type', 'x-content-type-options']
    for (const name of told)
      expect([name, response.headers.get(name)]).toEqual([name, direct.headers.get(name)])
    expect(response.headers.get('content-length')).toBe(String(large.bytes.length))
    // nginx passes on no fields that it doesn't know of an answer that it sends itself.
    expect(response.headers.get('x-request-id')).toBeNull()
    expect(response.headers.get('x-accel-redirect')).toBeNull()
  })

  test('HEAD tells the same', async () => {
    const response = await get(large.filename, {}, 'HEAD')
    expect([response.status, response.headers.get('content-length')]).toEqual([
      200,
      String(large.bytes.length),
    ])
    expect(response.headers.get('etag')).toBe(`"${large.sha256}"`)
  })

  test('a download that broke off is resumed', async () => {
    const path = join(scratch.path, 'resumed')
    await writeFile(path, large.bytes.subarray(0, 1_234_567))
    await runChecked('curl', [
      '-sS',
      '--fail',
      '-C',
      '-',
      '-o',
      path,
      `${address}/lab/x86_64/${large.filename}`,
    ])
    expect((await readFile(path)).equals(large.bytes)).toBe(true)
  })

  test('parts are sent of the file that the client has begun, and of no other', async () => {
    const ask = async (condition: string) => {
      const response = await get(large.filename, { range: 'bytes=10-19', 'if-range': condition })
      return [response.status, (await response.bytes()).length]
    }
    expect(await ask(`"${large.sha256}"`)).toEqual([206, 10])
    expect(await ask('"another"')).toEqual([200, large.bytes.length])
  })

  test('a client that has the file gets a 304', async () => {
    const { headers } = await get(large.filename, {}, 'HEAD')
    const since = headers.get('last-modified') ?? ''
    expect((await get(large.filename, { 'if-none-match': `"${large.sha256}"` })).status).toBe(304)
    expect((await get(large.filename, { 'if-modified-since': since })).status).toBe(304)
    expect((await get(large.filename, { 'if-none-match': '"another"' })).status).toBe(200)
    const date = (await get('lab.db', {}, 'HEAD')).headers.get('last-modified') ?? ''
    expect((await get('lab.db', { 'if-modified-since': date })).status).toBe(304)
  })

  test('the folder of packages itself is not to be seen', async () => {
    const direct = await fetch(`${server.address}/lab/x86_64/${large.filename}`, { method: 'HEAD' })
    const internal = direct.headers.get('x-accel-redirect') ?? ''
    expect((await fetch(nginx.address + internal)).status).toBe(404)
  })

  test('the log has the address of the client, which its proxy tells', async () => {
    await get('lab.db', { 'x-forwarded-for': '203.0.113.9' })
    await get('lab.db')
    const addresses = Array.from(server.log().matchAll(/"remoteAddress":"([^"]*)"/g), ([, one]) => one)
    expect(new Set(addresses)).toEqual(new Set(['127.0.0.1', '203.0.113.9']))
  })

  test('redirects lead back to nginx', async () => {
    const { stdout } = await run('curl', [
      '-sS',
      '-L',
      '-o',
      '/dev/null',
      '-w',
      '%{url_effective} %{http_code}',
      `${address}/lab`,
    ])
    expect(stdout).toBe(`${address}/lab/ 200`)
  })
})
