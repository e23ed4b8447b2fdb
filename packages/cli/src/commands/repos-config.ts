import { contract, type PolicyName, policyNames, policyTable, type RepositoryConfig } from '@vieter/api'
import { Argument, type Command } from 'commander'
import { addCommand, jsonOption, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { type Column, formatJson } from '../output.ts'
import { UsageError } from '../usage-error.ts'

interface ShownPolicy {
  name: PolicyName
  value: string
  own: boolean
}

const columns: readonly Column<ShownPolicy>[] = [
  { heading: 'policy', value: ({ name }) => name },
  { heading: 'value', value: ({ value }) => value },
  { heading: 'from', value: ({ own }) => (own ? 'repository' : 'default') },
]

const details = `The policies:\n${policyNames.map((name) => `  ${name}  ${policyTable[name].description}`).join('\n')}`

/** `repos add` and `repos config`. */
export function addReposConfigCommands(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'add',
    description: 'add a repository before its first package is published',
    arguments: [new Argument('<repo>', 'the repository'), policiesArgument()],
    examples: ['vieter repos add vieter archs=x86_64,aarch64'],
    async run(invocation: Invocation, repo: string, policies: readonly string[]) {
      const query = { name: repo, ...parsePolicies(policies) }
      await invocation.client().call(contract.addRepository, { query })
      await invocation.say(`Added the repository ${repo}.`)
      return 0
    },
  })
  addCommand(group, run, {
    name: 'config',
    description: 'show the policies of a repository, or change some',
    details: `${details}\nAn empty value goes back to the default, which is the server’s setting of the same name.`,
    arguments: [new Argument('<repo>', 'the repository'), policiesArgument()],
    options: [jsonOption()],
    examples: ['vieter repos config vieter', 'vieter repos config vieter same_version=replace downgrade='],
    async run(invocation: Invocation, repo: string, policies: readonly string[]) {
      const { options, client, print } = invocation
      const query = parsePolicies(policies)
      const isChange = Object.keys(query).length > 0
      const config = isChange
        ? await client().call(contract.configureRepository, { params: { repo }, query })
        : await client().call(contract.getRepository, { params: { repo } })
      if (options.json) await print(formatJson(config))
      else await invocation.printList(columns, policiesOf(config), '')
      return 0
    },
  })
}

function policiesArgument(): Argument {
  return new Argument('[policy=value...]', 'policies and their values')
}

function policiesOf({ policies }: RepositoryConfig): ShownPolicy[] {
  return policyNames.map((name) => ({ name, ...policies[name] }))
}

function parsePolicies(texts: readonly string[]): Partial<Record<PolicyName, string>> {
  return Object.fromEntries(texts.map(parsePolicy))
}

function parsePolicy(text: string): [PolicyName, string] {
  const [, key = text, value] = /^([^=]*)=(.*)$/s.exec(text) ?? []
  const name = policyNames.find((each) => each === key)
  if (name === undefined) {
    throw new UsageError(
      `There is no policy ${JSON.stringify(key)}.`,
      `The policies are ${policyNames.join(', ')}.`,
    )
  }
  if (value !== undefined) return [name, value]
  throw new UsageError(`${name} is given no value.`, `Write ${name}=VALUE, or ${name}= for the default.`)
}
