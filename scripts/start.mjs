// `npm start`: a server on this machine, with an agent beside it when a container engine answers.
// Plain JavaScript that Node.js 20 reads as well: on a fresh clone the pinned Node.js is not there yet.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { get } from 'node:http'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openAgentToken } from './agent-token.mjs'
import { ensureInstalled, pinnedNode } from './install.mjs'

const cli = join('packages', 'cli', 'bin', 'vieter.mjs')
const configFile = 'vieter.toml'
const defaultAddress = 'http://127.0.0.1:8000'
/** A repository and a target to begin with, small and quickly built. */
const example = { repo: 'vieter', url: 'https://aur.archlinux.org/yay-bin.git' }
/** One Ctrl-C can arrive more than once, since npm passes on what the terminal has sent to all: this long it is one. */
const sameSignal = 1000

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
try {
  const isFresh = !existsSync(join('node_modules', '.package-lock.json'))
  ensureInstalled()
  if (isFresh) keepCompiledCode()
  process.exit(await start())
} catch (error) {
  console.error(`error: ${error.message}`)
  process.exit(1)
}

/** Loads the server once, which then starts from its compiled code in two thirds of the time. */
function keepCompiledCode() {
  spawnSync(pinnedNode, [cli, 'server', '--load-only'], { stdio: 'ignore' })
}

/** Runs until a signal comes or the server ends; returns the exit code. */
async function start() {
  const plan = await readPlan(process.env)
  const problem = await choosePort(plan)
  if (problem) {
    console.error(problem)
    return 2
  }
  const children = { server: startChild(['server', ...plan.options], plan.environment), others: [] }
  const stopping = stopOnSignal(children)
  runBeside(plan, children, stopping).catch((error) => console.error(error))
  const code = await children.server.ended
  if (stopping.aborted) return stopping.finished
  await stopAll(children)
  return code
}

/** Greets once the server answers, and starts the agent once an engine does. */
async function runBeside(plan, children, stopping) {
  await waitForHealth(plan, children.server)
  if (stopping.aborted || children.server.hasEnded) return
  console.log(formatGreeting(plan))
  // Not earlier: loading the agent beside the server was measured to delay the first answer by 0.3 s on two cores.
  const probe = startProbe(plan)
  children.others.push(probe.child)
  const found = await probe.result
  if (stopping.aborted || children.server.hasEnded) return
  console.log(formatEngine(found))
  if (!found.ok) return
  // With an API key that a person has chosen, the agent shows what they chose.
  const environment = plan.keyFile
    ? { ...plan.environment, VIETER_API_KEY_FILE: await openAgentToken(plan, [pinnedNode, cli]) }
    : plan.environment
  if (stopping.aborted || children.server.hasEnded) return
  children.others.push(startAgent(plan, environment, stopping))
}

/** Stops all that runs, agents before the server that they report to. Returns the server's exit code. */
async function stopAll({ server, others }) {
  for (const child of others) child.kill()
  await Promise.all(others.map((child) => child.ended))
  server.kill()
  return server.ended
}

/** Stops all at the first signal; a later one, that is no echo of it, kills. */
function stopOnSignal(children) {
  const stopping = { aborted: false, finished: Promise.resolve(0) }
  let first = 0
  function onSignal() {
    if (!stopping.aborted) {
      first = Date.now()
      stopping.aborted = true
      // A server that was still loading knows no signals yet and has nothing to save: being ended by one is clean.
      stopping.finished = stopAll(children).then((code) =>
        code === 128 + constants.signals.SIGTERM ? 0 : code,
      )
    } else if (Date.now() - first > sameSignal) {
      for (const child of [...children.others, children.server]) child.kill('SIGKILL')
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal)
  if (process.env.npm_lifecycle_event === 'start') onOrphaned(onSignal)
  return stopping
}

/** npm passes a SIGTERM on to its shell alone, which dies of it: then nobody is left who could stop this script. */
function onOrphaned(stop) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    stop()
  }, 200)
}

/** What the environment and vieter.toml say, and defaults for the rest: a server for this machine alone. */
async function readPlan(environment) {
  const file = await readConfigFile()
  const given = (name) => readVariable(environment, name) ?? file?.[name]
  const host = given('host') ?? '127.0.0.1'
  const dataDir = given('data_dir') ?? './data'
  const keyFile = join(dataDir, 'api-key')
  const plan = {
    environment: { ...environment },
    // Without a vieter.toml no other file speaks up either: ~/.vieterrc may belong to another server.
    options: ['--config-file', file ? configFile : '/dev/null'],
    host,
    port: Number(given('port') ?? 8000),
    address: given('address'),
    dataDir,
    keyFile: given('api_key') === undefined ? keyFile : undefined,
    keyInFile: file?.api_key !== undefined,
    isFirstStart: !existsSync(keyFile),
  }
  if (given('host') === undefined) setVariable(plan, 'host', host)
  if (given('data_dir') === undefined) setVariable(plan, 'data_dir', dataDir)
  return plan
}

async function readConfigFile() {
  if (!existsSync(configFile)) return undefined
  // The parser is a dependency of the settings, not of the checkout.
  const { resolve } = createRequire(new URL('../packages/config/package.json', import.meta.url))
  const { parse } = await import(resolve('smol-toml'))
  try {
    return parse(readFileSync(configFile, 'utf8'))
  } catch {
    return {} // The server says what is wrong with it.
  }
}

function readVariable(environment, name) {
  const variable = `VIETER_${name.toUpperCase()}`
  if (environment[variable] !== undefined) return environment[variable]
  const path = environment[`${variable}_FILE`]
  if (path === undefined) return undefined
  // The server says what is wrong with a file that can't be read.
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
}

function setVariable(plan, name, value) {
  const variable = `VIETER_${name.toUpperCase()}`
  delete plan.environment[`${variable}_FILE`]
  plan.environment[variable] = String(value)
}

/**
 * Settles the port, a free one for 0, and the address. Returns what to tell when another program holds the port:
 * looked at before the start, since that program's /health could be taken for the server's.
 */
async function choosePort(plan) {
  if (!isPort(plan.port)) return undefined
  const listener = createServer()
  const outcome = await new Promise((resolve) => {
    listener.once('error', (error) => resolve({ error }))
    listener.listen(plan.port, plan.host, () => resolve({ port: listener.address().port }))
  })
  if (outcome.error) return formatPortProblem(plan, outcome.error)
  await new Promise((resolve) => listener.close(resolve))
  plan.port = outcome.port
  setVariable(plan, 'port', plan.port)
  if (plan.address === undefined) {
    plan.address = `http://${reachableHost(plan.host)}:${plan.port}`
    setVariable(plan, 'address', plan.address)
  }
  return undefined
}

/** The server itself refuses what is none. */
function isPort(port) {
  return Number.isInteger(port) && port >= 0 && port <= 65_535
}

function formatPortProblem({ host, port }, { code, message }) {
  if (code === 'EADDRINUSE') {
    return (
      `error: Port ${port} on ${host} is in use by another program.\n` +
      'hint: Stop that program (is Vieter running already?), or choose another port: VIETER_PORT=8001 npm start'
    )
  }
  return `error: The server cannot listen on ${host}, port ${port}: ${message}.\nhint: Choose others with VIETER_HOST and VIETER_PORT.`
}

/** Where a program on this machine reaches a server that listens on `host`, as it stands in an address. */
function reachableHost(host) {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

/**
 * Starts the `vieter` command under the pinned Node.js. It leads a process group of its own, so that a terminal's
 * Ctrl-C reaches this script alone, which stops the children in order; and it stops by itself when this script dies.
 */
function startChild(commandLine, environment, output = 'inherit') {
  const child = spawn(pinnedNode, [cli, ...commandLine, '--stop-with-parent'], {
    env: environment,
    stdio: ['pipe', output, 'inherit'],
    detached: true,
  })
  child.stdin.on('error', () => {})
  const handle = { process: child, hasEnded: false, kill: (signal = 'SIGTERM') => child.kill(signal) }
  handle.ended = new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`error: ${error.message}`)
      resolve(1)
    })
    child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
  }).then((code) => {
    handle.hasEnded = true
    return code
  })
  return handle
}

/** The agent beside the server, in the same data folder. Its end is told, and does not end the server. */
function startAgent(plan, environment, stopping) {
  const agent = startChild(['agent', ...plan.options], environment)
  agent.ended.then((code) => {
    if (!stopping.aborted)
      console.error(`The agent has ended with exit code ${code}; the server goes on without it.`)
  })
  return agent
}

/** Looks for a container engine. */
function startProbe(plan) {
  const child = startChild(['agent', '--probe', ...plan.options], plan.environment, 'pipe')
  let text = ''
  child.process.stdout.setEncoding('utf8').on('data', (piece) => {
    text += piece
  })
  const closed = new Promise((resolve) => child.process.once('close', resolve))
  return { child, result: Promise.all([child.ended, closed]).then(([code]) => readProbe(code, text)) }
}

function readProbe(code, text) {
  try {
    return JSON.parse(text)
  } catch {
    return {
      ok: false,
      message: `The check for a container engine failed with exit code ${code}.`,
      hint: 'Standard error may tell why.',
    }
  }
}

/** Resolves at the first answer of /health, or when the server has ended without one. */
async function waitForHealth({ host, port }, server) {
  if (!isPort(port)) return void (await server.ended)
  const address = `http://${reachableHost(host)}:${port}/health`
  while (!server.hasEnded && !(await isHealthy(address))) await setTimeout(10)
}

function isHealthy(address) {
  return new Promise((resolve) => {
    const request = get(address, { timeout: 1000 }, (response) => {
      response.resume()
      response.once('close', () => resolve(response.statusCode === 200))
    })
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(false))
  })
}

function formatGreeting(plan) {
  const vieter = commandPrefix(plan)
  const id = plan.isFirstStart ? '1' : 'ID'
  return `
Vieter is running at ${plan.address} (Ctrl-C stops it).

API key: ${formatKeyPlace(plan)}

Add a first target and have it built:
  ${vieter} targets add ${example.url} ${example.repo}
  ${vieter} targets build ${id} --remote
  ${vieter} jobs list

Install from it: put these lines at the end of /etc/pacman.conf, behind all other repositories, so that those win
where both hold a package of the same name. Then \`pacman -Syu\`.
  [${example.repo}]
  SigLevel = Optional TrustAll
  Server = ${plan.address.replace(/\/+$/, '')}/$repo/$arch
`
}

function formatKeyPlace({ keyFile, keyInFile, isFirstStart }) {
  if (!keyFile) return keyInFile ? `the one in ${configFile}` : 'the one that the environment gives'
  return `in the file ${keyFile}, readable by you alone${isFirstStart ? ' (made just now)' : ''}`
}

/** How to call the command line so that it finds this server and its key. */
function commandPrefix({ address, keyFile, keyInFile }) {
  const words = []
  if (address !== defaultAddress && process.env.VIETER_ADDRESS === undefined)
    words.push(`VIETER_ADDRESS=${address}`)
  if (keyFile) words.push(`VIETER_API_KEY_FILE=${quoteForShell(keyFile)}`)
  words.push('npx vieter')
  if (keyInFile) words.push(`-f ${configFile}`)
  return words.join(' ')
}

function quoteForShell(text) {
  return /^[\w./+:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

function formatEngine({ ok, message, hint }) {
  if (ok) return `Container engine: ${message}. An agent builds in it.\n`
  return (
    `${message}\n` +
    `No agent runs, so nothing is built here. ${hint}\n` +
    'Then run `npm start` again; or run `vieter agent` on another machine.\n'
  )
}
