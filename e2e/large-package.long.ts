import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runChecked } from './lab/processes.ts'
import { makeScratch } from './lab/scratch.ts'
import { startServer } from './lab/vieter.ts'

/** The most memory that a process ever had resident, in MiB (proc(5), VmHWM). */
function peakResident(pid: number): number {
  const [, kibibytes = ''] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) / 1024
}

async function sha256Of(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

test('a package of 2 GiB is taken and served with less than 250 MiB of memory', async () => {
  const scratch = await makeScratch('large')
  onTestFinished(scratch.remove)
  const archive = join(scratch.path, 'large-1-1-any.pkg.tar.zst')
  // Random bytes, so that zstd can't make them fewer: the archive itself is as large as what it holds.
  await runChecked('sh', [
    '-euc',
    `mkdir "$1/tree" && cd "$1/tree"
     printf 'pkgname = large\\npkgbase = large\\npkgver = 1-1\\narch = any\\nsize = 2147483648\\n' > .PKGINFO
     mkdir -p usr/share/large
     for part in 1 2 3 4; do head -c 536870912 /dev/urandom > usr/share/large/$part; done
     tar -cf - .PKGINFO usr | zstd -q -3 -T0 -o "$2"
     rm -r "$1/tree"`,
    'sh',
    scratch.path,
    archive,
  ])
  const server = await startServer({ dataFolder: join(scratch.path, 'data') })
  onTestFinished(server.stop)
  const key = `X-Api-Key: ${server.apiKey}`
  const address = `${server.address}/lab`
  const { stdout } = await runChecked('curl', [
    '-sSf',
    '-XPOST',
    '-H',
    key,
    '-T',
    archive,
    `${address}/publish`,
  ])
  expect(JSON.parse(stdout).data.name).toBe('large')
  const served = await fetch(`${address}/x86_64/large-1-1-any.pkg.tar.zst`)
  expect(await sha256Of(served.body as AsyncIterable<Uint8Array>)).toBe(
    await sha256Of(createReadStream(archive)),
  )
  expect(peakResident(server.pid)).toBeLessThan(250)
})
