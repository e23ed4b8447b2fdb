// `npm test` [-- FILTER…]: all tests. `npm run test:long`: those that take minutes. Runs on Node.js 20 and without
// node_modules. The last line printed is `N passed, N failed`.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled, pinnedNode } from './install.mjs'
import { ensureTestRequirements } from './requirements.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * The engine's tests get namespaces of their own: their bridges and packet filter rules touch no network of the
 * machine, and when the run ends or is killed, all their processes and mounts are gone. The shell, being the first
 * process there, takes in orphans.
 */
const namespaces = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
const inNamespaces = [...namespaces, 'sh', '-c', 'ip link set lo up && "$@"; exit $?', 'sh']

const runsOf = {
  short: [
    { name: 'unit and end-to-end', projects: ['unit', 'e2e'], wrapper: [] },
    { name: 'engine', projects: ['engine'], wrapper: inNamespaces },
  ],
  long: [
    { name: 'long', projects: ['long'], wrapper: [] },
    { name: 'long engine', projects: ['engine-long'], wrapper: inNamespaces },
  ],
}

const [first, ...others] = process.argv.slice(2)
const isLong = first === 'long'
const filters = isLong || first === undefined ? others : [first, ...others]
const isStrict = process.env.CI === 'true'

process.exitCode = await main()

async function main() {
  const total = { passed: 0, failed: 0, skipped: 0 }
  const folder = mkdtempSync(join(tmpdir(), 'vieter-test-'))
  try {
    ensureInstalled()
    ensureTestRequirements()
    for (const run of runsOf[isLong ? 'long' : 'short']) {
      const counts = await runVitest(run, join(folder, `${run.projects[0]}.json`))
      for (const key of Object.keys(total)) total[key] += counts[key]
    }
  } catch (error) {
    console.error(error.message)
    total.failed += 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return report(total)
}

/** Prints the outcome and gives the exit code. With CI=true a skipped test is a failed one. */
function report({ passed, failed, skipped }) {
  if (skipped > 0) console.log(`${skipped} skipped${isStrict ? ', which counts as failed in CI' : ''}`)
  let failures = isStrict ? failed + skipped : failed
  if (passed + failures + skipped === 0 && (!isLong || filters.length > 0)) {
    console.log('No test was found.')
    failures = 1
  }
  console.log(`${passed} passed, ${failures} failed`)
  return failures === 0 ? 0 : 1
}

async function runVitest({ name, projects, wrapper }, outputFile) {
  const command = [
    ...wrapper,
    pinnedNode,
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...projects.flatMap((project) => ['--project', project]),
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${outputFile}`,
    ...filters,
  ]
  const ended = await runCommand(command)
  const counts = readCounts(outputFile)
  if (!counts) {
    console.log(`The run of the ${name} tests crashed (${ended}).`)
    return { passed: 0, failed: 1, skipped: 0 }
  }
  if (ended !== 0 && counts.failed === 0) {
    console.log(`The run of the ${name} tests ended with ${ended}, though no test failed.`)
    return { ...counts, failed: 1 }
  }
  return counts
}

function runCommand([program, ...options]) {
  return new Promise((resolve) => {
    const child = spawn(program, options, {
      cwd: root,
      env: { ...process.env, PATH: `${dirname(pinnedNode)}:${process.env.PATH}:/usr/sbin:/sbin` },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    // A Ctrl-C reaches vitest by itself: wait for it to clean up.
    const ignore = () => {}
    const end = () => child.kill('SIGTERM')
    process.on('SIGINT', ignore)
    process.on('SIGTERM', end)
    const settle = (outcome) => {
      process.removeListener('SIGINT', ignore)
      process.removeListener('SIGTERM', end)
      resolve(outcome)
    }
    child.once('error', (error) => settle(error.message))
    child.once('exit', (code, signal) => settle(code ?? signal))
  })
}

/** Counts the tests of vitest's JSON report. A file that failed as a whole counts as one failed test. */
function readCounts(path) {
  let report
  try {
    report = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const file of report.testResults) {
    const before = counts.failed
    for (const { status } of file.assertionResults) {
      if (status === 'passed') counts.passed += 1
      else if (status === 'failed') counts.failed += 1
      else counts.skipped += 1
    }
    if (file.status === 'failed' && counts.failed === before) counts.failed += 1
  }
  return counts
}
