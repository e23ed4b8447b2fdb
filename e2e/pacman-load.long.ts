import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { reverseProxyTo, startNginx } from './lab/nginx.ts'
import { runPacmanLoad } from './lab/pacman-load.ts'
import { seedOfRun } from './lab/random.ts'
import { makeScratch } from './lab/scratch.ts'
import { startServer, type VieterServer } from './lab/vieter.ts'

const seed = seedOfRun()
const seconds = 120

async function serve(): Promise<VieterServer> {
  const scratch = await makeScratch('pacman-load')
  const dataFolder = join(scratch.path, 'data')
  const server = await startServer({ dataFolder, settings: { VIETER_LOG_LEVEL: 'WARN' } })
  onTestFinished(async () => {
    await server.stop()
    await scratch.remove()
  })
  return server
}

test(`for two minutes of publishes, four machines with pacman meet no error and end up with the last state (LAB_SEED=${seed})`, async () => {
  const server = await serve()
  const { changes, done } = await runPacmanLoad({ seed, seconds, server, address: server.address })
  expect(changes).toBeGreaterThan(seconds * 3)
  expect(Math.min(...Object.values(done))).toBeGreaterThan(seconds / 2)
})

test(`the same through nginx, which keeps its connections to the server (LAB_SEED=${seed})`, async () => {
  const server = await serve()
  const nginx = await startNginx(reverseProxyTo(server.address))
  onTestFinished(nginx.stop)
  const { changes, done } = await runPacmanLoad({ seed, seconds, server, address: nginx.address })
  expect(changes).toBeGreaterThan(seconds * 3)
  expect(Math.min(...Object.values(done))).toBeGreaterThan(seconds / 2)
})
