import {
  AppError,
  type PolicyName,
  policyNames,
  type RepositoryConfig,
  type RepositorySummary,
} from '@vieter/api'
import type { Context } from '../context.ts'
import { debugRepositoryOf, type PolicyChanges, parsePolicyChanges } from '../domain/policies.ts'
import { parseRepository } from '../domain/repository-name.ts'
import { countRepositories } from '../store/repository-summaries.ts'

type Parts = Pick<Context, 'reader' | 'archRepos' | 'policies' | 'commits'>

/** Policies as people write them; the empty text: the default. */
type PolicyTexts = Partial<Record<PolicyName, string | undefined>>

/** Throws REPOSITORY_NAME_INVALID when the repository for the debug packages could not have its name. */
function parseChanges(repository: string, texts: PolicyTexts): PolicyChanges {
  const changes = parsePolicyChanges(texts)
  if (changes.debug_packages === 'separate') parseRepository(debugRepositoryOf(repository))
  return changes
}

/** Makes a repository without packages. Throws REPOSITORY_NAME_INVALID, PARAMETER_INVALID and REPOSITORY_EXISTS. */
export async function addRepository(
  parts: Parts,
  { name, ...texts }: PolicyTexts & { name: string },
): Promise<RepositoryConfig> {
  const repository = parseRepository(name)
  const changes = parseChanges(repository, texts)
  await parts.commits.submit(repository, { kind: 'configure', changes, isNew: true })
  return getRepository(parts, repository)
}

/**
 * Changes policies of a repository, for what is published from now on. Throws REPOSITORY_NOT_FOUND, PARAMETER_INVALID and
 * REPOSITORY_NAME_INVALID.
 */
export async function configureRepository(
  parts: Parts,
  repository: string,
  texts: PolicyTexts,
): Promise<RepositoryConfig> {
  const changes = parseChanges(repository, texts)
  await parts.commits.submit(repository, { kind: 'configure', changes, isNew: false })
  return getRepository(parts, repository)
}

/** A repository with its policies. Throws REPOSITORY_NOT_FOUND. */
export async function getRepository(
  { reader, archRepos, policies }: Pick<Context, 'reader' | 'archRepos' | 'policies'>,
  repository: string,
): Promise<RepositoryConfig> {
  const [found] = await countRepositories(reader, repository)
  if (!found) throw new AppError('REPOSITORY_NOT_FOUND')
  const own = policies.own(repository)
  const effective = policies.of(repository)
  const values = policyNames.map((name) => [name, { value: effective[name], own: own[name] !== undefined }])
  return {
    ...found,
    archs: archsOf(archRepos, repository),
    policies: Object.fromEntries(values) as RepositoryConfig['policies'],
  }
}

/** The repositories, by name. */
export async function listRepositories({
  reader,
  archRepos,
  policies,
}: Pick<Context, 'reader' | 'archRepos' | 'policies'>): Promise<RepositorySummary[]> {
  const found = await countRepositories(reader)
  return found.map(({ name, packages }) => ({
    name,
    archs: archsOf(archRepos, name),
    packages,
    access: policies.of(name).access,
  }))
}

function archsOf(archRepos: Context['archRepos'], repository: string): string[] {
  return [...archRepos.of(repository).keys()].sort()
}
