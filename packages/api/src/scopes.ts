/** What a scope lets do, and whether it names the repository that it is for, as in `publish:REPO`. */
interface ScopeEntry {
  repository: 'none' | 'optional' | 'required'
  meaning: string
}

/** The scopes of tokens. Which endpoint takes which is said by the contract. */
export const scopeTable = {
  admin: { repository: 'none', meaning: 'everything' },
  read: {
    repository: 'optional',
    meaning:
      'see everything but tokens; `read:REPO`: one repository, also when it is private, and nothing else',
  },
  publish: { repository: 'required', meaning: 'publish to a repository, and read it' },
  agent: {
    repository: 'none',
    meaning:
      'lease jobs, build them under these leases, and read the repositories that they are for meanwhile',
  },
  'agent-0.6': {
    repository: 'required',
    meaning: 'what an agent of Vieter 0.6 does: poll jobs of a repository, publish to it, send logs',
  },
} as const satisfies Record<string, ScopeEntry>

export type ScopeName = keyof typeof scopeTable
