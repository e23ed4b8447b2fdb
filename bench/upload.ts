// How long the publishing of one archive of about 1 GiB takes, beside a pipeline of shell tools that stores, hashes and unpacks it.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChecked } from '../e2e/lab/processes.ts'
import { startServer, type VieterServer } from '../e2e/lab/vieter.ts'
import { makeTreePackage } from './file-tree.ts'
import { printBars } from './lab/bars.ts'
import { showStep } from './lab/progress.ts'
import { formatMarkdownTable, median } from './statistics.ts'

const archiveSize = 2 ** 30
const runs = 3

/** Milliseconds of an attempt that begins with nothing left to be written to disk. */
async function timed(attempt: () => Promise<unknown>): Promise<number> {
  await runChecked('sync', [])
  const started = performance.now()
  await attempt()
  return performance.now() - started
}

function publish(server: VieterServer, archive: string, repository: string): Promise<number> {
  const key = `X-Api-Key: ${server.apiKey}`
  const address = `${server.address}/${repository}/publish`
  return timed(() => runChecked('curl', ['-sSf', '-XPOST', '-H', key, '-T', archive, address]))
}

/** The hash goes to a file: into the pipe it would be one more thing for zstd to unpack. */
async function pipe(archive: string, folder: string): Promise<number> {
  const [out, sum] = [join(folder, 'out'), join(folder, 'sum')]
  const script = 'set -o pipefail; cat "$1" | tee "$2" >(sha256sum > "$3") | zstd -q -t'
  const time = await timed(() => runChecked('bash', ['-c', script, 'bash', archive, out, sum]))
  rmSync(out)
  return time
}

const scratch = mkdtempSync(join(tmpdir(), 'vieter-bench-'))
const publishTimes: number[] = []
const pipeTimes: number[] = []
const archive = join(scratch, 'tree-1-1-any.pkg.tar.zst')
let size = 0
try {
  showStep('making the archive')
  await makeTreePackage(archive, { tree: '/usr', size: archiveSize, name: 'tree' })
  size = statSync(archive).size
  const server = await startServer({
    dataFolder: join(scratch, 'data'),
    settings: { VIETER_LOG_LEVEL: 'ERROR' },
  })
  try {
    for (let run = 1; run <= runs; run += 1) {
      showStep(`run ${run}`)
      pipeTimes.push(await pipe(archive, scratch))
      publishTimes.push(await publish(server, archive, `bench-${run}`))
    }
  } finally {
    await server.stop()
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

const ratio = median(publishTimes) / median(pipeTimes)
const seconds = (times: readonly number[]) => times.map((time) => (time / 1000).toFixed(2)).join(', ')
console.log(
  formatMarkdownTable(
    [
      'archive (MiB)',
      'publish (s)',
      'publish p50 (s)',
      'pipeline (s)',
      'pipeline p50 (s)',
      'publish ÷ pipeline',
    ],
    [
      [
        (size / 2 ** 20).toFixed(0),
        seconds(publishTimes),
        (median(publishTimes) / 1000).toFixed(2),
        seconds(pipeTimes),
        (median(pipeTimes) / 1000).toFixed(2),
        ratio.toFixed(2),
      ],
    ],
  ),
)
printBars([
  {
    promise: 'at most 1.3 times as long as the pipeline',
    figure: `${ratio.toFixed(2)} times`,
    holds: ratio <= 1.3,
  },
])
