import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { apiKey, startContractServer } from './contract-server.ts'

const launcher = fileURLToPath(new URL('../bin/vieter.mjs', import.meta.url))

/** Runs the command as a person does, as a process of its own. */
async function run(commandLine: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [launcher, ...commandLine], {
    env: { HOME: '/nonexistent', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    child.stdout.toArray(),
    child.stderr.toArray(),
    once(child, 'close'),
  ])
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
}

test('a process prints and exits with 0', async () => {
  await using server = await startContractServer({ getLogContent: () => 'x'.repeat(3_000_000) })
  const environment = { VIETER_ADDRESS: server.address, VIETER_API_KEY: apiKey }
  const { code, stdout, stderr } = await run(['logs', 'content', '1'], environment)
  expect(stdout.length).toBe(3_000_000)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test('a wrong command line exits with 2', async () => {
  const { code, stdout, stderr } = await run(['targets', 'info', 'x'])
  expect(stderr).toMatch(/^error: .*\nhint: /)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
})

test('times follow TZ', async () => {
  const { stdout } = await run(['schedule', '0 3', '--count', '1'], { TZ: 'Asia/Tokyo' })
  expect(stdout).toMatch(/^every day at 03:00\n\d{4}-\d{2}-\d{2} 03:00:00 \+09:00\n$/)
})

test('a reader that goes away early is no failure', async () => {
  await using server = await startContractServer({ getLogContent: () => 'x\n'.repeat(3_000_000) })
  const child = spawn(process.execPath, [launcher, 'logs', 'content', '1'], {
    env: { HOME: '/nonexistent', VIETER_ADDRESS: server.address, VIETER_API_KEY: apiKey },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.once('data', () => child.stdout.destroy())
  const [stderr, [code]] = await Promise.all([child.stderr.toArray(), once(child, 'close')])
  expect(Buffer.concat(stderr).toString()).toBe('')
  expect(code).toBe(0)
})
