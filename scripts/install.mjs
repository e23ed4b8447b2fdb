// Runs on any Node.js from 20 on and without node_modules, which it fills.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stampFile = join(root, 'node_modules/.vieter-stamp')

/** The Node.js that the checkout pins: Vieter itself runs on nothing older. */
export const pinnedNode = join(root, 'node_modules/.bin/node')

/**
 * Installs the dependencies with `npm ci` unless those of the present package-lock.json are there, which it finds out
 * in a millisecond. Throws when npm fails.
 */
export function ensureInstalled() {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const stamp = `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}\n`
  if (readIfThere(stampFile) === stamp) return
  if (!isInstalled(lock)) installDependencies()
  if (!existsSync(pinnedNode)) {
    throw new Error(
      `There is no Node.js for ${process.platform}-${process.arch} among the dependencies: Linux on x64 or arm64 is needed.`,
    )
  }
  writeFileSync(stampFile, stamp)
}

/** Whether npm's own record of what it installed tells of the same packages: a person may have run `npm install`. */
function isInstalled(lock) {
  const record = readIfThere(join(root, 'node_modules/.package-lock.json'))
  if (record === undefined) return false
  const installed = JSON.parse(record).packages
  return Object.entries(JSON.parse(lock).packages).every(([path, wanted]) => {
    if (!path.includes('node_modules/')) return true
    const found = installed[path]
    if (!found) return wanted.optional === true || wanted.peer === true
    return found.version === wanted.version && found.integrity === wanted.integrity
  })
}

function installDependencies() {
  console.log('install: dependencies are missing or outdated, running npm ci')
  const started = Date.now()
  // Inside of npm scripts the pinned Node.js comes first in PATH, and npm must not delete what it runs on.
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.endsWith('node_modules/.bin'))
    .join(delimiter)
  const { status, error } = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  if (error) throw new Error(`npm cannot be started: ${error.message}`)
  if (status !== 0)
    throw new Error(`npm ci ended with ${status}, see above: the npm registry must be reachable.`)
  console.log(`install: done in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    ensureInstalled()
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
