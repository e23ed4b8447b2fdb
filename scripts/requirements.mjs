// Runs on Node 20 and without node_modules: it is the first thing that `npm test` does.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Every program that a test starts or that the base image of the builds is made from, and Debian's package of it. */
const packageOfProgram = {
  pacman: 'pacman-package-manager',
  makepkg: 'makepkg',
  'repo-add': 'makepkg',
  vercmp: 'pacman-package-manager',
  bsdtar: 'libarchive-tools',
  bzip2: 'bzip2',
  lz4: 'lz4',
  lzip: 'lzip',
  lzop: 'lzop',
  compress: 'ncompress',
  zstd: 'zstd',
  xz: 'xz-utils',
  fakeroot: 'fakeroot',
  file: 'file',
  envsubst: 'gettext-base',
  strip: 'binutils',
  patch: 'patch',
  python3: 'python3',
  git: 'git',
  curl: 'curl',
  nginx: 'nginx',
  gpg: 'gnupg',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  runuser: 'util-linux',
  useradd: 'passwd',
  nsenter: 'util-linux',
  mount: 'mount',
  strace: 'strace',
  gcc: 'gcc',
  ip: 'iproute2',
  iptables: 'iptables',
  dockerd: 'docker.io',
  containerd: 'containerd',
  runc: 'runc',
}

/** Programs that stand outside of PATH. */
const packageOfFile = {
  '/usr/lib/git-core/git-http-backend': 'git',
  '/usr/share/misc/magic.mgc': 'libmagic-mgc',
  '/usr/include/stdio.h': 'libc6-dev',
}

const searchedFolders = [
  ...(process.env.PATH ?? '').split(':').filter((folder) => folder.startsWith('/')),
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  '/usr/bin',
  '/bin',
]

/**
 * Makes sure that all programs that the tests need are there: on Debian as root by installing the missing ones,
 * elsewhere by throwing an error that names each of them. Takes milliseconds when there is nothing to do.
 */
export function ensureTestRequirements() {
  if (process.platform !== 'linux') {
    throw new Error(
      `The tests need Linux (pacman, network namespaces, containers); this is ${process.platform}.`,
    )
  }
  let missing = findMissing()
  if (missing.length > 0 && isDebian() && isRoot()) {
    installPackages([...new Set(missing.map((one) => one.package))])
    missing = findMissing()
  }
  if (missing.length > 0) throw new Error(explainMissing(missing))
  if (!isRoot()) {
    throw new Error(
      'The tests must run as root: they make network namespaces, private pacman roots and a container engine of\n' +
        'their own. `npx vitest run --project unit` runs those that do without.',
    )
  }
}

function findMissing() {
  const missing = []
  for (const [program, name] of Object.entries(packageOfProgram)) {
    if (!searchedFolders.some((folder) => isExecutable(join(folder, program)))) {
      missing.push({ program, package: name })
    }
  }
  for (const [path, name] of Object.entries(packageOfFile)) {
    if (!existsSync(path)) missing.push({ program: path, package: name })
  }
  return missing
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function isRoot() {
  return process.getuid() === 0
}

function isDebian() {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/etc/os-release')) return false
  return /^ID(_LIKE)?=.*\bdebian\b/m.test(readFileSync('/etc/os-release', 'utf8'))
}

function installPackages(names) {
  console.log(`requirements: installing ${names.join(' ')}`)
  const releaseServices = holdServices()
  try {
    const installed =
      aptGet(['update', '-qq']) && aptGet(['install', '-y', '-qq', '--no-install-recommends', ...names])
    if (installed) return
    console.log('requirements: apt-get failed, trying once more')
    aptGet(['update'])
    aptGet(['install', '-y', '--no-install-recommends', '--fix-missing', ...names])
  } finally {
    releaseServices()
  }
}

function aptGet(options) {
  const started = Date.now()
  const { status, stdout, stderr } = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...options], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`requirements: apt-get ${options[0]} ended with ${status} after ${seconds} s`)
  if (status !== 0) console.log(`${stdout}${stderr}`.trim().split('\n').slice(-15).join('\n'))
  return status === 0
}

/**
 * Keeps the packages from starting their daemons on this machine: the tests start private ones only.
 * This is what policy-rc.d is for (Debian Policy, invoke-rc.d(8)). A policy of the machine's owner is left alone.
 */
function holdServices() {
  const policy = '/usr/sbin/policy-rc.d'
  if (existsSync(policy)) return () => {}
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  const release = () => rmSync(policy, { force: true })
  process.once('exit', release)
  return () => {
    process.removeListener('exit', release)
    release()
  }
}

function explainMissing(missing) {
  const lines = missing.map((one) => `  ${one.program.padEnd(12)} (Debian's package: ${one.package})`)
  const names = [...new Set(missing.map((one) => one.package))].join(' ')
  const command = `apt-get update && apt-get install -y --no-install-recommends ${names}`
  const remedy = isDebian()
    ? isRoot()
      ? `Installing them failed, see above. By hand:\n  ${command}`
      : `As root, this installs them:\n  ${command}`
    : 'Install them with the package manager of your system; on Debian 12 as root, this command does it by itself.'
  return `The tests need programs that are missing:\n${lines.join('\n')}\n${remedy}`
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    ensureTestRequirements()
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
