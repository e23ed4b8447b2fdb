/** What a repository may decide for itself: the values that a policy takes, the default, and what it is about. */
interface Policy {
  /** Left out where any text of the pattern is taken. */
  choices?: readonly string[]
  pattern?: RegExp
  /** What the pattern takes, as it follows "must be". */
  patternHint?: string
  default: string
  description: string
}

/** The policies of repositories, in the order in which they are shown. The settings of the same names are their defaults. */
export const policyTable = {
  access: {
    choices: ['public', 'token'],
    default: 'public',
    description: 'Who may read a repository: anyone, or only who shows one of its tokens or the API key.',
  },
  archs: {
    pattern: /^(?!(.*,)? *any *(,|$))[A-Za-z0-9_]{1,32}( *, *[A-Za-z0-9_]{1,32}){0,15}$/,
    patternHint: '`open` or a comma list of up to 16 architectures such as x86_64, never any',
    default: 'open',
    description:
      'The architectures of a repository: a list, whose databases exist also while they are empty and beside which none is taken; or `open`: each comes into being with its first package.',
  },
  same_version: {
    choices: ['refuse', 'replace'],
    default: 'refuse',
    description: 'What becomes of a package whose version is published already with other bytes.',
  },
  downgrade: {
    choices: ['refuse', 'allow'],
    default: 'refuse',
    description: 'Whether a package may take the place of a higher version of itself.',
  },
  official_names: {
    choices: ['allow', 'warn', 'refuse'],
    default: 'warn',
    description:
      'Whether a package may be named like, or say that it replaces, one of the lists that `vieter repos names import` keeps.',
  },
  debug_packages: {
    choices: ['keep', 'separate', 'drop'],
    default: 'keep',
    description:
      'Where the debug packages go that makepkg makes: with the others, into the repository REPO-debug, or nowhere.',
  },
} as const satisfies Record<string, Policy>

export type PolicyName = keyof typeof policyTable

type ValueOf<P extends Policy> = P extends { choices: readonly (infer Choice)[] } ? Choice : string

/** A value of each policy. */
export type Policies = { readonly [N in PolicyName]: ValueOf<(typeof policyTable)[N]> }

export const policyNames = Object.keys(policyTable) as readonly PolicyName[]
