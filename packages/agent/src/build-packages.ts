import {
  type ArchitectureName,
  dependenciesFor,
  type PackageVersion,
  packageNamesFor,
  parseArchitectureName,
  parsePackageFilename,
  type Srcinfo,
} from '@vieter/alpm'
import type { Lease } from '@vieter/api'
import { BuildFailure, exitCodes } from './build-failure.ts'
import { asRoot, script } from './commands.ts'
import { debugName, decideBuild, upstreamVersion } from './decide-build.ts'
import { type Makepkg, openMakepkg } from './makepkg.ts'
import { openPacman, type Pacman, type PublishedVersions } from './pacman.ts'
import { formatRepositorySection } from './repository.ts'
import { fetchSource } from './source.ts'
import { runStep, type Workplace } from './steps.ts'

interface BuildOrder extends Workplace {
  lease: Lease
  /** Where the container reaches our repositories; undefined when the lease's repository holds nothing yet. */
  repositories: string | undefined
  allowLocalSources: boolean
  /** The names of the files that the server ever served of some packages and a version without its pkgrel. */
  findServed(names: readonly string[], version: string): Promise<readonly string[]>
}

/**
 * Builds a job in a container, step by step. The packages lie in the container then.
 * Returns what was built, or undefined when everything is published already. Throws BuildFailure.
 */
export async function buildPackages(order: BuildOrder): Promise<Srcinfo | undefined> {
  const { lease, progress } = order
  const pacman = await openPacman(order)
  const published = await prepareSystem(order, pacman)
  const folder = await fetchSource(order, lease, order.allowLocalSources)
  const makepkg = openMakepkg(order, folder, lease.arch)
  const arch = parseArchitectureName(lease.arch)

  const decide = async (srcinfo: Srcinfo) => {
    if (packageNamesFor(srcinfo, arch).length === 0) {
      throw new BuildFailure(exitCodes.agentFailed, `The PKGBUILD of ${srcinfo.base} is not for ${arch}.`, {
        hint: `Its arch is ${srcinfo.arch.join(', ')}: edit the target's architectures, or the PKGBUILD.`,
      })
    }
    const served = await findServedVersions(order, srcinfo, arch)
    const decision = decideBuild({ srcinfo, arch, published, served, force: lease.force })
    if (decision.kind === 'published') {
      const names = packageNamesFor(srcinfo, arch)
      progress.line(`already published: ${names.map((name) => `${name} ${published.get(name)}`).join(', ')}`)
    }
    return decision
  }

  const declared = await makepkg.readSrcinfo()
  if (!(await makepkg.hasPkgver()) && (await decide(declared)).kind === 'published') return undefined
  await installDependencies(pacman, dependenciesFor(declared, arch))
  await makepkg.fetchSources()
  const decision = await decide(await makepkg.readSrcinfo())
  if (decision.kind === 'published') return undefined
  if (decision.kind === 'raise') await raisePkgrel(order, makepkg, decision.pkgrel)
  await makepkg.build()
  return makepkg.readSrcinfo()
}

async function findServedVersions(
  { findServed }: BuildOrder,
  srcinfo: Srcinfo,
  arch: ArchitectureName,
): Promise<PackageVersion[]> {
  const names = [...packageNamesFor(srcinfo, arch), debugName(srcinfo)]
  const files = (await findServed(names, upstreamVersion(srcinfo))).map((name) => parsePackageFilename(name))
  return files.filter((file) => file.arch === arch || file.arch === 'any').map(({ version }) => version)
}

/** Adds our repository and brings the system up to date: what the repository holds. No hostile code has run yet. */
async function prepareSystem(order: BuildOrder, pacman: Pacman): Promise<PublishedVersions> {
  const { container, lease, progress, repositories } = order
  if (repositories === undefined) {
    progress.line(
      `the repository ${lease.repo} holds nothing for ${lease.arch} yet, so pacman goes without it`,
    )
  } else {
    await container.putFile('/etc', 'vieter-repository.conf', formatRepositorySection(lease, repositories))
    const append = script('cat /etc/vieter-repository.conf >> /etc/pacman.conf')
    await runStep(order, `adding the repository ${lease.repo}`, asRoot(...append))
  }
  if (!(await pacman.hasRepositories())) return new Map()
  await pacman.run('updating the system', '-Syu')
  return repositories === undefined ? new Map() : pacman.listRepository(lease.repo)
}

async function installDependencies(pacman: Pacman, dependencies: readonly string[]): Promise<void> {
  const missing = await pacman.missing(dependencies)
  if (missing.length === 0) return
  const title = `installing what the build needs: ${missing.join(' ')}`
  await pacman.run(title, '-S', '--asdeps', '--needed', '--', ...missing)
}

/** The server refuses other bytes under a name that it has published, and clients would never fetch them. */
async function raisePkgrel({ progress }: Workplace, makepkg: Makepkg, pkgrel: string): Promise<void> {
  progress.line('this version was published already, so the build gets a pkgrel of its own')
  await makepkg.setPkgrel(pkgrel)
}
