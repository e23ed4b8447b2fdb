import { AppError, contract } from '@vieter/api'
import type { FastifyReply } from 'fastify'
import type { Context } from '../context.ts'
import type { Removal } from '../domain/plan-removals.ts'
import { removePackages } from '../services/remove-packages.ts'
import type { Mount } from './mount.ts'

export function mountRemovals(mount: Mount, context: Context): void {
  mount(contract.removePackage, async ({ params: { repo, arch, pkgname }, query, reply }) =>
    removeAsEver(repo, { kind: 'remove-packages', names: [pkgname], bases: [], arch }, { query, reply }),
  )
  mount(contract.removeArchRepo, async ({ params: { repo, arch }, query, reply }) =>
    removeAsEver(repo, { kind: 'remove-arch-repo', arch }, { query, reply }),
  )
  mount(contract.removeRepository, async ({ params, query, reply }) =>
    removeAsEver(params.repo, { kind: 'remove-repository' }, { query, reply }),
  )
  mount(contract.removePackages, async ({ params, query }) =>
    removePackages(context, {
      repository: params.repo,
      removal: removalOf(query),
      dryRun: query.dry_run === true,
    }),
  )

  /** Answers as Vieter 0.6 does: with nothing, except where it was only asked what would go. */
  async function removeAsEver(
    repository: string,
    removal: Removal,
    { query, reply }: { query: { dry_run?: boolean }; reply: FastifyReply },
  ): Promise<undefined> {
    const dryRun = query.dry_run === true
    const report = await removePackages(context, { repository, removal, dryRun })
    if (dryRun) reply.send({ message: '', data: report })
    else reply.type('text/plain').send('')
    return undefined
  }
}

interface RemovalQuery {
  packages?: string[]
  bases?: string[]
  arch?: string
  all?: boolean
}

/** Throws PARAMETER_MISSING and PARAMETER_INVALID: nothing is removed that was not asked for in so many words. */
function removalOf({ packages: names = [], bases = [], arch, all = false }: RemovalQuery): Removal {
  const isNamed = names.length > 0 || bases.length > 0
  if (all && isNamed) {
    throw new AppError('PARAMETER_INVALID', {
      message: 'Parameter all stands for everything: packages and bases must not be given with it.',
    })
  }
  if (isNamed) return { kind: 'remove-packages', names, bases, arch }
  if (!all) throw new AppError('PARAMETER_MISSING', { message: 'Missing parameter: packages, bases or all.' })
  return arch === undefined ? { kind: 'remove-repository' } : { kind: 'remove-arch-repo', arch }
}
