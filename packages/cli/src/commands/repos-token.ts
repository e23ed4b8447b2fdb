import { contract, type ReadToken } from '@vieter/api'
import { Argument, type Command } from 'commander'
import { addCommand, addGroup, jsonOption, type Run, wholeNumber } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { formatLocalTime } from '../local-time.ts'
import { type Column, formatJson } from '../output.ts'

const columns: readonly Column<ReadToken>[] = [
  { heading: 'id', value: ({ id }) => `${id}` },
  { heading: 'name', value: ({ name }) => name },
  { heading: 'made', value: ({ created_at }) => formatLocalTime(created_at) },
]

function repoArgument(): Argument {
  return new Argument('<repo>', 'the repository')
}

/** `repos token …`: what opens private repositories. */
export function addReposTokenCommands(parent: Command, run: Run): void {
  const group = addGroup(parent, 'token', 'let people read a private repository')
  addCommand(group, run, {
    name: 'add',
    description: 'make a token and print it, this once',
    details:
      'It opens the repository for reading once `vieter repos config REPO access=token` has closed it to others. ' +
      'In pacman.conf: Server = https://vieter:TOKEN@HOST/$repo/$arch',
    arguments: [repoArgument(), new Argument('<name>', 'who it is for')],
    options: [jsonOption()],
    examples: ['vieter repos token add vieter laptop'],
    async run({ client, options, print }: Invocation, repo: string, name: string) {
      const made = await client().call(contract.addReadToken, { params: { repo }, query: { name } })
      await print(options.json ? formatJson(made) : `${made.token}\n`)
      return 0
    },
  })
  addCommand(group, run, {
    name: 'list',
    description: 'list the tokens of a repository',
    arguments: [repoArgument()],
    options: [jsonOption()],
    examples: ['vieter repos token list vieter'],
    async run({ client, printList }: Invocation, repo: string) {
      const tokens = await client().call(contract.listReadTokens, { params: { repo } })
      await printList(columns, tokens, `No tokens. \`vieter repos token add ${repo} NAME\` makes one.`)
      return 0
    },
  })
  addCommand(group, run, {
    name: 'remove',
    description: 'revoke a token, at once',
    arguments: [repoArgument(), new Argument('<id>', 'the id of the token').argParser(wholeNumber(1))],
    examples: ['vieter repos token remove vieter 1'],
    async run(invocation: Invocation, repo: string, id: number) {
      await invocation.client().call(contract.removeReadToken, { params: { repo, id } })
      await invocation.say(`Revoked token ${id} of ${repo}.`)
      return 0
    },
  })
}
