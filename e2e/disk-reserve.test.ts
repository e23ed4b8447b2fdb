import { randomBytes } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from './lab/eventually.ts'
import { forgePackage } from './lab/forge.ts'
import { runChecked, startService } from './lab/processes.ts'
import { makeScratch } from './lab/scratch.ts'
import { findFreePort } from './lab/vieter.ts'

const program = fileURLToPath(new URL('../packages/cli/bin/vieter.mjs', import.meta.url))

/** A server whose data lies on a file system of its own in memory, of some MiB, which goes away with it. */
async function startServerOn(
  folder: string,
  size: number,
  reserve: number,
): Promise<{ address: string; pid: number }> {
  const port = await findFreePort()
  const script = 'mount -t tmpfs -o "size=$1m" tmpfs "$2" && exec "$3" "$4" server'
  const environment = {
    PATH: process.env.PATH,
    VIETER_HOST: '127.0.0.1',
    VIETER_PORT: String(port),
    VIETER_DATA_DIR: folder,
    VIETER_API_KEY: 'key',
    VIETER_DISK_RESERVE: String(reserve),
  }
  const words = ['--mount', 'sh', '-euc', script, 'sh', String(size), folder, process.execPath, program]
  const service = await startService('unshare', words, { env: environment })
  onTestFinished(async () => {
    service.signal('SIGKILL')
    await service.ended
  })
  const address = `http://127.0.0.1:${port}`
  await eventually('the server to be healthy', async () => {
    if (service.hasEnded()) throw new Error(service.log())
    const response = await fetch(`${address}/health`).catch(() => undefined)
    return response?.ok || undefined
  })
  return { address, pid: service.pid }
}

test('a package that grows into the reserve of a small disk is refused while it is read, and the next one is taken', async () => {
  const scratch = await makeScratch('disk')
  onTestFinished(scratch.remove)
  const { address, pid } = await startServerOn(scratch.path, 128, 64)
  const forge = (name: string, content: Buffer) =>
    forgePackage({ name, version: '1-1', arch: 'x86_64', files: { [`usr/${name}`]: content } })
  const files = await makeScratch('disk-files')
  onTestFinished(files.remove)
  const file = join(files.path, 'package')
  writeFileSync(file, forge('large', randomBytes(100 * 1024 * 1024)).bytes)

  async function publish(chunked: boolean): Promise<{ code: string }> {
    const coding = chunked ? ['-H', 'Transfer-Encoding: chunked'] : []
    const words = ['-sS', '-XPOST', '-H', 'X-Api-Key: key', ...coding, '-T', file, `${address}/lab/publish`]
    return JSON.parse((await runChecked('curl', words)).stdout)
  }
  // Without a declared size nothing is known before.
  for (const chunked of [true, false]) expect(await publish(chunked)).toMatchObject({ code: 'STORAGE_FULL' })
  expect(readdirSync(`/proc/${pid}/root${scratch.path}/packages/.staging`)).toEqual([])

  const small = forge('small', Buffer.from('x'))
  writeFileSync(file, small.bytes)
  expect(await publish(true)).toMatchObject({ data: { name: 'small' } })
  const served = await fetch(`${address}/lab/x86_64/${small.filename}`)
  expect(Buffer.from(await served.arrayBuffer())).toEqual(Buffer.from(small.bytes))
})
