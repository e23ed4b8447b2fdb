import { contract, scopeTable, type Token } from '@vieter/api'
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { addCommand, addGroup, commaList, jsonOption, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { formatLocalTime } from '../local-time.ts'
import { type Column, formatJson } from '../output.ts'
import { UsageError } from '../usage-error.ts'

const columns: readonly Column<Token>[] = [
  { heading: 'name', value: ({ name }) => name },
  { heading: 'scopes', value: ({ scopes }) => scopes.join(',') },
  { heading: 'archs', value: ({ archs }) => archs.join(','), optional: true },
  { heading: 'made', value: ({ created_at }) => formatLocalTime(created_at) },
  { heading: 'expires', value: ({ expires_at }) => timeOrNever(expires_at) },
  { heading: 'last used', value: ({ last_used_at }) => timeOrNever(last_used_at) },
]

const scopes = Object.entries(scopeTable).map(([name, { repository, meaning }]) => {
  return `  ${name}${repository === 'required' ? ':REPO' : ''}  ${meaning}`
})

/** `tokens …`: what people, pipelines and agents show instead of the API key. */
export function addTokensCommands(program: Command, run: Run): void {
  const group = addGroup(program, 'tokens', 'say who may do what: agents, pipelines, readers')
  addCreateCommand(group, run)
  addCommand(group, run, {
    name: 'list',
    description: 'list the tokens',
    options: [jsonOption()],
    examples: ['vieter tokens list'],
    async run({ client, printList }: Invocation) {
      const tokens = await client().call(contract.listTokens, {})
      await printList(columns, tokens, 'No tokens. `vieter tokens create NAME --scope SCOPE` makes one.')
      return 0
    },
  })
  addCommand(group, run, {
    name: 'revoke',
    description: 'revoke a token, at once',
    arguments: [new Argument('<name>', 'the name of the token')],
    examples: ['vieter tokens revoke laptop'],
    async run({ client, say }: Invocation, name: string) {
      await client().call(contract.revokeToken, { params: { name } })
      await say(`Revoked the token ${name}.`)
      return 0
    },
  })
}

interface CreateOptions {
  scope: string[]
  repo?: string[]
  arch?: string[]
  expires?: number
}

function addCreateCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'create',
    description: 'make a token and print it, this once',
    details: `The scopes:\n${scopes.join('\n')}`,
    arguments: [new Argument('<name>', 'who it is for')],
    options: [
      new Option('--scope <scopes>', 'what it may do; may be repeated')
        .argParser(collected)
        .makeOptionMandatory(),
      new Option('--repo <repos>', 'the repositories of the scopes that name none').argParser(collected),
      new Option('--arch <archs>', 'what an agent may build for; default: all').argParser(collected),
      new Option('--expires <span>', 'when it ends: 12h, 90d, 8w or 1y; default: never').argParser(seconds),
      jsonOption(),
    ],
    examples: [
      'vieter tokens create builder --scope agent --arch x86_64',
      'vieter tokens create ci --scope publish:vieter --expires 90d',
      'vieter tokens create laptop --scope read:vieter',
      'vieter tokens create old-agent --scope agent-0.6 --repo vieter,other',
    ],
    async run({ client, options, print }: Invocation<CreateOptions>, name: string) {
      const { scope, repo = [], arch, expires } = options
      if (repo.length > 0 && !scope.some(takesRepository))
        throw new UsageError('--repo is for no scope here.', 'Scopes like publish:REPO name theirs already.')
      const query = {
        name,
        scope: scope.flatMap((each) => withRepositories(each, repo)),
        ...(arch ? { arch } : {}),
        ...(expires ? { expires_in: expires } : {}),
      }
      const made = await client().call(contract.createToken, { query })
      await print(options.json ? formatJson(made) : `${made.token}\n`)
      return 0
    },
  })
}

function collected(text: string, earlier: string[] = []): string[] {
  return [...earlier, ...commaList(text)]
}

/** `publish`, for the repositories a and b → `publish:a`, `publish:b`. */
function withRepositories(scope: string, repositories: readonly string[]): string[] {
  if (repositories.length === 0 || !takesRepository(scope)) return [scope]
  return repositories.map((repository) => `${scope}:${repository}`)
}

function takesRepository(scope: string): boolean {
  return Object.entries(scopeTable).some(([name, entry]) => name === scope && entry.repository !== 'none')
}

const secondsOf: Readonly<Record<string, number>> = { h: 3600, d: 86_400, w: 604_800, y: 31_557_600 }

function seconds(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d{0,3})([hdwy])$/.exec(text) ?? []
  const span = Number(count) * (secondsOf[unit] ?? Number.NaN)
  if (span <= 100 * 31_557_600) return span
  throw new InvalidArgumentError('Write a span such as 12h, 90d, 8w or 1y.')
}

function timeOrNever(epochSeconds: number): string {
  return epochSeconds === 0 ? 'never' : formatLocalTime(epochSeconds)
}
