import { AppError, type Policies, type PolicyName, policyNames, policyTable } from '@vieter/api'

/** The policies that a repository has of its own. */
export type OwnPolicies = Partial<Policies>

/** New values of some policies; null: the repository has none of its own any more. */
export type PolicyChanges = { readonly [N in PolicyName]?: Policies[N] | null }

/** Texts as people give them, an empty one for the default, as changes. Throws PARAMETER_INVALID, naming the policy. */
export function parsePolicyChanges(
  texts: Readonly<Partial<Record<PolicyName, string | undefined>>>,
): PolicyChanges {
  const given = policyNames.flatMap((name) => {
    const text = texts[name]
    return text === undefined ? [] : [[name, text === '' ? null : parsePolicy(name, text)]]
  })
  return Object.fromEntries(given)
}

function parsePolicy(name: PolicyName, text: string): string {
  const policy = policyTable[name]
  if ('choices' in policy) {
    if (policy.choices.some((choice) => choice === text)) return text
    throw invalid(name, `one of ${policy.choices.join(', ')}`, text)
  }
  if (!policy.pattern.test(text)) throw invalid(name, policy.patternHint, text)
  return [...new Set(text.split(',').map((each) => each.trim()))].join(',')
}

function invalid(name: PolicyName, expected: string, text: string): AppError {
  return new AppError('PARAMETER_INVALID', {
    message: `Parameter ${name} must be ${expected}, but is ${JSON.stringify(text.slice(0, 100))}.`,
  })
}

export function changePolicies(own: OwnPolicies, changes: PolicyChanges): OwnPolicies {
  return Object.fromEntries(Object.entries({ ...own, ...changes }).filter(([, value]) => value !== null))
}

const debugSuffix = '-debug'

/** The repository for the debug packages of another. */
export function debugRepositoryOf(repository: string): string {
  return repository + debugSuffix
}

/** The repository whose debug packages one of this name is for; undefined when its name says nothing of the kind. */
export function mainRepositoryOf(repository: string): string | undefined {
  const isDebug = repository.endsWith(debugSuffix) && repository.length > debugSuffix.length
  return isDebug ? repository.slice(0, -debugSuffix.length) : undefined
}

/**
 * A policy of each kind: the repository's own, else, for one of debug packages, that of its main repository, so that
 * nobody reads there what is private here; else the default. Debug packages stay where they are once they are there.
 */
export function effectivePolicies(
  repository: string,
  ownOf: (repository: string) => OwnPolicies | undefined,
  defaults: Policies,
): Policies {
  const main = mainRepositoryOf(repository)
  if (main === undefined) return { ...defaults, ...ownOf(repository) }
  return { ...defaults, ...ownOf(main), ...ownOf(repository), debug_packages: 'keep' }
}

/** The architectures that a repository has by its policy; undefined when each may come into being. */
export function listedArchs({ archs }: Pick<Policies, 'archs'>): readonly string[] | undefined {
  return archs === 'open' ? undefined : archs.split(',').map((each) => each.trim())
}
