import { isPackageName, isPackageVersion, type PackageName, type PackageVersion } from '@vieter/alpm'
import { BuildFailure, exitCodes } from './build-failure.ts'
import { asRoot, script } from './commands.ts'
import { captureStep, runStep, testStep, type Workplace } from './steps.ts'

/** The version that a repository holds of each package. */
export type PublishedVersions = ReadonlyMap<PackageName, PackageVersion>

/** pacman inside a container, run as root. */
export interface Pacman {
  run(title: string, ...parameters: string[]): Promise<void>
  /** Whether pacman.conf names any repository; without one, pacman refuses to synchronize. */
  hasRepositories(): Promise<boolean>
  isInstalled(name: string): Promise<boolean>
  /** Those of the dependencies that nothing installed fulfils. */
  missing(dependencies: readonly string[]): Promise<string[]>
  listRepository(repo: string): Promise<PublishedVersions>
}

/**
 * Finds out which pacman a container has; one without pacman.conf gets a bare one. From version 7 on, pacman fetches in
 * a sandbox of its own, which needs what a container lacks; the container is the sandbox.
 * Throws BuildFailure when there is no pacman.
 */
export async function openPacman(place: Workplace): Promise<Pacman> {
  const { exitCode, text } = await captureStep(place, asRoot('pacman', '--version'))
  const version = /\bPacman v(\d+)\./.exec(text)?.[1]
  if (exitCode !== 0 || version === undefined) {
    throw new BuildFailure(exitCodes.agentFailed, 'The image has no pacman.', {
      hint: 'Set `base_image` on the server to an image with pacman and makepkg, such as archlinux:base-devel.',
    })
  }
  await testStep(place, asRoot(...script(bareConfiguration)))
  const flags = ['--noconfirm', '--noprogressbar', ...(Number(version) >= 7 ? ['--disable-sandbox'] : [])]
  return {
    run: (title, ...parameters) => runStep(place, title, asRoot('pacman', ...flags, ...parameters)),
    async hasRepositories() {
      const listed = await captureStep(place, asRoot('pacman-conf', '--repo-list'))
      return listed.exitCode !== 0 || listed.text.trim() !== ''
    },
    isInstalled: async (name) => (await testStep(place, asRoot('pacman', '-Q', '--', name))) === 0,
    missing: (dependencies) => findMissing(place, dependencies),
    async listRepository(repo) {
      const listed = await captureStep(place, asRoot('pacman', '-Sl', '--color', 'never', '--', repo))
      return listed.exitCode === 0 ? parseListing(listed.text) : new Map()
    },
  }
}

const bareConfiguration =
  '[ -e /etc/pacman.conf ] || printf "[options]\\nArchitecture = auto\\n" > /etc/pacman.conf'

/** `pacman -T` prints what is not fulfilled and exits with 127 then (pacman(8)). */
async function findMissing(place: Workplace, dependencies: readonly string[]): Promise<string[]> {
  if (dependencies.length === 0) return []
  const { exitCode, text } = await captureStep(place, asRoot('pacman', '-T', '--', ...dependencies))
  if (exitCode !== 0 && exitCode !== 127) {
    throw new BuildFailure(exitCode, `pacman -T failed with exit code ${exitCode}.`)
  }
  const known = new Set(dependencies)
  return text.split('\n').filter((line) => known.has(line))
}

/** The lines of `pacman -Sl`: `REPO NAME VERSION [installed]`. What is no package's name or version is left out. */
export function parseListing(text: string): PublishedVersions {
  const versions = new Map<PackageName, PackageVersion>()
  for (const line of text.split('\n')) {
    const [, name, version] = line.split(' ')
    if (name && version && isPackageName(name) && isPackageVersion(version)) versions.set(name, version)
  }
  return versions
}
