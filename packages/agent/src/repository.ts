import { isArchitectureName, isRepositoryName } from '@vieter/alpm'
import { AppError } from '@vieter/api'
import { BuildFailure, exitCodes } from './build-failure.ts'

/** One repository of the server, for one architecture. */
export interface ArchRepo {
  repo: string
  arch: string
}

/** The server that serves it, and the key that opens private repositories. */
export interface Upstream {
  address: string
  apiKey: string
}

/** The server names both; they become part of a configuration file and of addresses, so they are checked here too. */
export function checkArchRepo({ repo, arch }: ArchRepo): void {
  if (isRepositoryName(repo) && isArchitectureName(arch) && arch !== 'any') return
  throw new BuildFailure(
    exitCodes.agentFailed,
    `The job names a repository or an architecture that cannot be: ${JSON.stringify(`${repo}/${arch}`)}.`,
  )
}

/** The section of pacman.conf for our repository. Ours stands last, so that it can't shadow an official package. */
export function formatRepositorySection({ repo, arch }: ArchRepo, server: string): string {
  return `\n[${repo}]\nSigLevel = Optional TrustAll\nServer = ${server}/${repo}/${arch}\n`
}

/** Whether the server has a database of the arch-repo now. Throws SERVER_UNREACHABLE or ANSWER_INVALID. */
export async function hasDatabase(
  { address, apiKey }: Upstream,
  { repo, arch }: ArchRepo,
  signal: AbortSignal,
): Promise<boolean> {
  const path = [repo, arch, `${repo}.db`].map(encodeURIComponent).join('/')
  let response: Response
  try {
    response = await fetch(`${address.replace(/\/+$/, '')}/${path}`, {
      method: 'HEAD',
      headers: { 'x-api-key': apiKey },
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
    })
  } catch (cause) {
    signal.throwIfAborted()
    throw new AppError('SERVER_UNREACHABLE', { message: `The server at ${address} does not answer.`, cause })
  }
  if (response.status < 400) return true
  if (response.status === 404) return false
  throw new AppError('ANSWER_INVALID', { message: `The server answered ${response.status} for ${repo}.db.` })
}
