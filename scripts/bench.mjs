// `npm run bench` [-- FILTER…]: runs the benchmarks whose name holds a FILTER, or all, and keeps what they print in
// bench/RESULTS.md; sections that were not run stay as they are. A missed bar makes the exit code 1. Runs on Node.js 20
// and without node_modules.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled, pinnedNode } from './install.mjs'
import { ensureTestRequirements } from './requirements.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const resultsFile = join(root, 'bench/RESULTS.md')
const environment = {
  ...process.env,
  PATH: `${dirname(pinnedNode)}:${process.env.PATH}:/usr/sbin:/sbin`,
  LC_ALL: 'C.UTF-8',
}

/**
 * Each is a program bench/NAME.ts: it prints its section of the results, in Markdown, on standard output, and its progress
 * on standard error. It ends with 0 when its bars hold, with 2 when one was missed; with anything else it has failed.
 * Those that need a filled repository get its folder as their argument, and leave it as it is.
 */
const benchmarks = [
  {
    name: 'publish',
    title: 'Publishing one small package, beside repo-add',
    about:
      'From the first byte sent to the answer, which means durable and visible: 20 publishes, one after the other on one connection, each a new version of another package of at most 100 paths. repo-add (median of 3) adds such a package to a copy of the same databases, all in memory.',
    needsFilled: true,
  },
  {
    name: 'parallel',
    title: 'Sixteen publishers at once, and the event loop meanwhile',
    about:
      'As above, by 16 publishers on a connection each. repo-add works alone: two at once would wait for its lock, so its rate is 1 ÷ the median of three runs. The delay of the event loop is the time between two firings of a timer of 10 ms, these 10 ms included.',
    needsFilled: true,
  },
  {
    name: 'resources',
    title: 'Start and memory, beside a bare server of node:http',
    about:
      'From the start of the process to the first answer of /health, 5 times, the files being in the page cache. Memory of the process 10 s after 1,000 publishes; the bare server was sent the same.',
    needsFilled: true,
  },
  {
    name: 'upload',
    title: 'Taking a package of 1 GiB, beside a pipeline of shell tools',
    about:
      'An archive of a real file tree, compressed with zstd -3, published with curl; the pipeline is `cat F | tee OUT >(sha256sum) | zstd -t`. Three runs of each, in turns, nothing being left to be written to the disk before.',
  },
  {
    name: 'downloads',
    title: 'Downloads, beside nginx',
    about: 'The time of the processors that the server takes, per byte sent and per answer of 304.',
  },
  {
    name: 'schedules',
    title: '20,000 targets that come due at once, beside node:sqlite',
    about:
      'The targets came due while the server was off; the tick is from its first look to the last job that is queued durably, as it says itself. The program beside it writes the same rows in one transaction on its only thread, and computes no times. The delay of the event loop is counted from the start of the server to ten seconds after the tick, the 10 ms of the timer included.',
  },
]

process.exitCode = main(process.argv.slice(2))

function main(filters) {
  ensureInstalled()
  ensureTestRequirements()
  const wanted = benchmarks.filter(
    ({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)),
  )
  if (wanted.length === 0) {
    console.error(`There is no such benchmark. There are: ${benchmarks.map(({ name }) => name).join(', ')}`)
    return 1
  }
  const folder = mkdtempSync(join(tmpdir(), 'vieter-bench-filled-'))
  try {
    return runAll(wanted, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runAll(wanted, folder) {
  const facts = describeMachine(folder)
  console.log(facts)
  let exitCode = 0
  let isFilled
  for (const benchmark of wanted) {
    console.log(`\n${benchmark.name}`)
    if (benchmark.needsFilled) isFilled ??= runProgram('fill', folder).status === 0
    const outcome = benchmark.needsFilled && !isFilled ? undefined : runProgram(benchmark.name, folder)
    if (outcome?.status !== 0) exitCode = 1
    if (outcome?.status === 0 || outcome?.status === 2) keepResult(benchmark, facts, outcome.stdout)
    else console.error(`${benchmark.name} failed; its results stay as they were`)
  }
  return exitCode
}

function runProgram(name, folder) {
  return spawnSync(pinnedNode, [join(root, `bench/${name}.ts`), folder], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
}

/** Shows a result, and puts it in the place of the benchmark's former one. One of a smaller repository is only shown. */
function keepResult({ name, title, about }, facts, printed) {
  console.log(printed.trim())
  if (process.env.VIETER_BENCH_PACKAGES) return
  const sections = readSections()
  sections.set(name, `## ${title}\n\n${about}\n\n${printed.trim()}\n\nMeasured on ${facts}.\n`)
  const kept = benchmarks.filter((benchmark) => sections.has(benchmark.name))
  const text = kept.map((benchmark) => `<!-- ${benchmark.name} -->\n${sections.get(benchmark.name)}`)
  writeFileSync(
    resultsFile,
    `# What was measured\n\nWritten by \`npm run bench\`, which fails when a bar is missed.\n\n${text.join('\n')}`,
  )
}

/** The sections of the results by the name of their benchmark, each of which follows a comment with that name. */
function readSections() {
  const sections = new Map()
  if (!existsSync(resultsFile)) return sections
  const [, ...parts] = readFileSync(resultsFile, 'utf8').split(/^<!-- ([a-z-]+) -->\n/m)
  for (let index = 0; index < parts.length; index += 2)
    sections.set(parts[index], `${parts[index + 1].trim()}\n`)
  return sections
}

/** All about this machine that makes a figure large or small, in one line. */
function describeMachine(folder) {
  const [filesystem] = readOutput('df', ['--output=fstype', folder]).split('\n').slice(1)
  return [
    new Date().toISOString().slice(0, 10),
    `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'processor'}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Linux ${release()}`,
    `${filesystem.trim()} in ${dirname(folder)}`,
    `Node.js ${readOutput(pinnedNode, ['--version']).trim()}`,
    `pacman ${/Pacman v([\d.]+)/.exec(readOutput('pacman', ['--version']))?.[1]}`,
    ...(/nginx\/[\d.]+/.exec(readOutput('nginx', ['-v'])) ?? []),
  ].join(', ')
}

function readOutput(program, options) {
  const { stdout, stderr } = spawnSync(program, options, { env: environment, encoding: 'utf8' })
  return `${stdout ?? ''}${stderr ?? ''}`
}
