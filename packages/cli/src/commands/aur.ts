import { contract } from '@vieter/api'
import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { type AurPackage, createAur } from '../aur.ts'
import { addCommand, addGroup, jsonOption, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { neutralise } from '../neutralise.ts'
import type { Column } from '../output.ts'

const columns: readonly Column<AurPackage>[] = [
  { heading: 'name', value: (found) => found.name },
  { heading: 'version', value: (found) => found.version },
  { heading: 'votes', value: (found) => `${found.votes}` },
  { heading: 'out of date', value: (found) => (found.outOfDate ? 'yes' : ''), optional: true },
  { heading: 'description', value: (found) => found.description },
]

interface AurOptions {
  aurUrl: string
}

function aurOption(): Option {
  return new Option('--aur-url <url>', 'the address of the AUR')
    .argParser(parseAddress)
    .default('https://aur.archlinux.org')
}

function parseAddress(text: string): string {
  const address = URL.parse(text)
  if (!address || !/^https?:$/.test(address.protocol) || address.search !== '' || address.hash !== '') {
    throw new InvalidArgumentError('It must be an http or https address without a query.')
  }
  return text.replace(/\/+$/, '')
}

export function addAurCommands(program: Command, run: Run): void {
  const group = addGroup(program, 'aur', 'find packages in the Arch User Repository and build them')
  addSearchCommand(group, run)
  addAddCommand(group, run)
}

function addSearchCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'search',
    description: 'search the AUR by name and description, most votes first',
    arguments: [new Argument('<term>', 'what to search for, two characters or more')],
    options: [aurOption(), jsonOption()],
    examples: ['vieter aur search yay'],
    async run({ options, printList, surroundings }: Invocation<AurOptions>, term: string) {
      const found = await createAur(options.aurUrl, surroundings.fetch).search(term)
      found.sort((a, b) => b.votes - a.votes || (a.name < b.name ? -1 : 1))
      await printList(columns, found, 'The AUR has nothing like it.')
      return 0
    },
  })
}

function addAddCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'add',
    description: 'add targets for packages of the AUR',
    details:
      'Packages that are built from one source become one target. When the AUR does not know one of them, nothing is\nadded.',
    arguments: [
      new Argument('<repo>', 'the repository to publish to'),
      new Argument('<packages...>', 'the names of the packages'),
    ],
    options: [aurOption()],
    examples: ['vieter aur add vieter yay-bin paru-bin'],
    async run(invocation: Invocation<AurOptions>, repo: string, names: string[]) {
      const client = invocation.client()
      const { aurUrl } = invocation.options
      const found = await createAur(aurUrl, invocation.surroundings.fetch).info([...new Set(names)])
      const unknown = names.filter((name) => !found.some((one) => one.name === name))
      if (unknown.length > 0) return refuse(invocation, unknown)
      for (const base of new Set(found.map((one) => one.base))) {
        const query = { kind: 'git', url: `${aurUrl}/${base}.git`, repo }
        const id = await client.call(contract.addTarget, { query })
        if (invocation.options.raw) await invocation.print(`${id}\n`)
        await invocation.say(`Added target ${id} for ${base}.`)
      }
      return 0
    },
  })
}

async function refuse({ surroundings }: Invocation, unknown: readonly string[]): Promise<1> {
  await surroundings.stderr.write(
    `error: The AUR does not know ${unknown.map((name) => JSON.stringify(neutralise(name))).join(', ')}. Nothing was added.\n` +
      'hint: `vieter aur search TERM` finds names.\n',
  )
  return 1
}
