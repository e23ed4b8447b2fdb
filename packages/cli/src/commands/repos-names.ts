import { contract, type NameList } from '@vieter/api'
import { Argument, type Command, Option } from 'commander'
import { addCommand, addGroup, jsonOption, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { formatLocalTime } from '../local-time.ts'
import type { Column } from '../output.ts'

const columns: readonly Column<NameList>[] = [
  { heading: 'list', value: ({ name }) => name },
  { heading: 'names', value: ({ names }) => `${names}` },
  { heading: 'imported', value: ({ imported_at }) => formatLocalTime(imported_at) },
]

/** `repos names …`: the names of packages in official repositories. */
export function addReposNamesCommands(parent: Command, run: Run): void {
  const group = addGroup(parent, 'names', 'say which names official repositories have')
  addCommand(group, run, {
    name: 'import',
    description: 'take the names of a pacman database, in the place of those taken from it before',
    details:
      'Packages of these names, and such that say to replace one, are warned of or refused: see the policy official_names of `vieter repos config`.',
    arguments: [new Argument('<file>', 'the database, such as /var/lib/pacman/sync/core.db')],
    options: [new Option('--list <name>', 'the name of the list; default: that of the file, without .db')],
    examples: ['vieter repos names import /var/lib/pacman/sync/core.db'],
    async run(invocation: Invocation<{ list?: string }>, file: string) {
      const { options, surroundings, client } = invocation
      const list = options.list ?? listNameOf(file)
      const body = surroundings.readBytes(file)
      const imported = await client().call(contract.importNameList, { params: { list }, body })
      await invocation.say(`The list ${list} has ${imported.names} names now.`)
      return 0
    },
  })
  addCommand(group, run, {
    name: 'list',
    description: 'list the lists',
    options: [jsonOption()],
    examples: ['vieter repos names list'],
    async run({ client, printList }: Invocation) {
      const lists = await client().call(contract.listNameLists, {})
      await printList(columns, lists, 'No lists. `vieter repos names import FILE` makes one.')
      return 0
    },
  })
  addCommand(group, run, {
    name: 'remove',
    description: 'remove a list',
    arguments: [new Argument('<list>', 'the name of the list')],
    examples: ['vieter repos names remove core'],
    async run(invocation: Invocation, list: string) {
      await invocation.client().call(contract.removeNameList, { params: { list } })
      await invocation.say(`Removed the list ${list}.`)
      return 0
    },
  })
}

/** `/var/lib/pacman/sync/core.db.tar.gz` is the database of `core`. */
function listNameOf(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/\.(db|files)(\.tar(\.\w+)?)?$/, '')
}
