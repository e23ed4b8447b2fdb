import { type Policies, policyNames } from '@vieter/api'
import type { Settings } from '@vieter/config'
import { effectivePolicies, mainRepositoryOf, type OwnPolicies } from '../domain/policies.ts'
import type { Store } from '../store/open-store.ts'
import { findPolicies } from '../store/policies.ts'

/** The policies of all repositories, in memory: every request asks for them. Commits change them. */
export interface RepositoryPolicies {
  /** The policies that count for a repository, whether it is there or not. */
  of(repository: string): Policies
  /** Those that it has of its own; the same object until they change. */
  own(repository: string): OwnPolicies
  /** Those that would count if it had these of its own. */
  with(repository: string, own: OwnPolicies): Policies
  set(repository: string, own: OwnPolicies): void
}

const none: OwnPolicies = {}

export async function openPolicies(
  store: Store,
  settings: Pick<Settings, keyof Policies>,
): Promise<RepositoryPolicies> {
  const defaults = defaultPolicies(settings)
  const known = await findPolicies(store)
  const effective = new Map<string, Policies>()
  return {
    of(repository) {
      const cached = effective.get(repository)
      if (cached) return cached
      const main = mainRepositoryOf(repository)
      // Requests may name repositories without end: only those are kept that have something of their own.
      if (!known.has(repository) && main === undefined) return defaults
      const policies = effectivePolicies(repository, (name) => known.get(name), defaults)
      if (known.has(repository)) effective.set(repository, policies)
      return policies
    },
    own: (repository) => known.get(repository) ?? none,
    with: (repository, own) =>
      effectivePolicies(repository, (name) => (name === repository ? own : known.get(name)), defaults),
    set(repository, own) {
      known.set(repository, own)
      effective.clear()
    },
  }
}

/** The settings, which the configuration has checked, as policies. */
function defaultPolicies(settings: Pick<Settings, keyof Policies>): Policies {
  return Object.fromEntries(policyNames.map((name) => [name, settings[name]])) as unknown as Policies
}
