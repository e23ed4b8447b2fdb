// How long one small package takes to be published to a repository of 100, 1,000 and 5,000, beside repo-add in the same run.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { forgePackage, type PackageFile } from '../e2e/lab/forge.ts'
import { runChecked } from '../e2e/lab/processes.ts'
import { startServer, type VieterServer } from '../e2e/lab/vieter.ts'
import { formatMarkdownTable, median, percentile } from './statistics.ts'

const sizes = [100, 1000, 5000]
const publishRuns = 20
const repoAddRuns = 3
const parallel = 128

interface Row {
  size: number
  /** Milliseconds. */
  p50: number
  p99: number
  repoAdd: number
}

function makePackage(number: number): PackageFile {
  const name = `bench-${String(number).padStart(6, '0')}`
  const paths = Array.from({ length: 40 }, (_, file) => [
    `usr/share/${name}/file-${file}.txt`,
    `content ${file}\n`,
  ])
  return forgePackage({
    name,
    version: '1.0-1',
    arch: 'x86_64',
    depends: ['glibc', 'gcc-libs'],
    files: Object.fromEntries(paths),
  })
}

async function publish(server: VieterServer, file: PackageFile): Promise<void> {
  const response = await fetch(`${server.address}/bench/publish`, {
    method: 'POST',
    headers: { 'x-api-key': server.apiKey },
    body: new Uint8Array(file.bytes),
  })
  if (!response.ok) throw new Error(`${file.filename}: ${response.status} ${await response.text()}`)
  await response.arrayBuffer()
}

async function fill(server: VieterServer, from: number, to: number): Promise<void> {
  let next = from
  const publishers = Array.from({ length: parallel }, async () => {
    while (next < to) await publish(server, makePackage(next++))
  })
  await Promise.all(publishers)
}

async function measurePublish(server: VieterServer, first: number): Promise<number[]> {
  const times: number[] = []
  for (let run = 0; run < publishRuns; run += 1) {
    const file = makePackage(first + run)
    const started = performance.now()
    await publish(server, file)
    times.push(performance.now() - started)
  }
  return times
}

/** repo-add on a copy of the same database in memory. */
async function measureRepoAdd(server: VieterServer, first: number): Promise<number[]> {
  const folder = mkdtempSync(join('/dev/shm', 'vieter-bench-'))
  try {
    const original = join(folder, 'original')
    mkdirSync(original)
    for (const kind of ['db', 'files']) {
      const response = await fetch(`${server.address}/bench/x86_64/bench.${kind}`)
      writeFileSync(join(original, `bench.${kind}.tar.gz`), new Uint8Array(await response.arrayBuffer()))
    }
    const times: number[] = []
    for (let run = 0; run < repoAddRuns; run += 1) {
      for (const kind of ['db', 'files']) {
        copyFileSync(join(original, `bench.${kind}.tar.gz`), join(folder, `bench.${kind}.tar.gz`))
      }
      const file = makePackage(first + run)
      writeFileSync(join(folder, file.filename), file.bytes)
      const started = performance.now()
      await runChecked('repo-add', ['-q', 'bench.db.tar.gz', file.filename], { cwd: folder })
      times.push(performance.now() - started)
    }
    return times
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'vieter-bench-'))
const server = await startServer({
  dataFolder: join(scratch, 'data'),
  settings: { VIETER_LOG_LEVEL: 'ERROR' },
})
const rows: Row[] = []
try {
  let filled = 0
  for (const size of sizes) {
    console.log(`filling up to ${size} packages`)
    await fill(server, filled, size)
    const times = await measurePublish(server, size)
    filled = size + publishRuns
    const repoAdd = median(await measureRepoAdd(server, 900_000))
    rows.push({ size, p50: median(times), p99: percentile(times, 99), repoAdd })
  }
} finally {
  await server.stop()
  rmSync(scratch, { recursive: true, force: true })
}

const [processor] = cpus()
console.log(
  `\n${cpus().length} × ${processor?.model ?? 'processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}\n`,
)
console.log(
  formatMarkdownTable(
    ['packages', 'publish p50 (ms)', 'publish p99 (ms)', 'repo-add median (ms)', 'repo-add ÷ publish'],
    rows.map(({ size, p50, p99, repoAdd }) => [
      String(size),
      p50.toFixed(1),
      p99.toFixed(1),
      repoAdd.toFixed(0),
      (repoAdd / p50).toFixed(1),
    ]),
  ),
)
