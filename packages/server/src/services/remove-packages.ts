import type { Context } from '../context.ts'

type Parts = Pick<Context, 'commits'>

/** Removes a package from an arch-repo. Throws PACKAGE_NOT_FOUND and REPOSITORY_NOT_FOUND. */
export async function removePackage(
  { commits }: Parts,
  input: { repository: string; arch: string; name: string },
): Promise<void> {
  await commits.submit(input.repository, { kind: 'remove-package', arch: input.arch, name: input.name })
}

/** Removes an arch-repo with all its packages. Throws REPOSITORY_NOT_FOUND. */
export async function removeArchRepo(
  { commits }: Parts,
  input: { repository: string; arch: string },
): Promise<void> {
  await commits.submit(input.repository, { kind: 'remove-arch-repo', arch: input.arch })
}

/** Removes a repository with all its packages. Throws REPOSITORY_NOT_FOUND. */
export async function removeRepository({ commits }: Parts, input: { repository: string }): Promise<void> {
  await commits.submit(input.repository, { kind: 'remove-repository' })
}
