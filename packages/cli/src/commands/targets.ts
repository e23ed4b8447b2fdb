import { contract, type Target } from '@vieter/api'
import { Argument, type Command, Option } from 'commander'
import {
  addCommand,
  addGroup,
  commaList,
  jsonOption,
  pageOptions,
  type Run,
  wholeNumber,
} from '../command.ts'
import type { Invocation } from '../invocation.ts'
import type { Column } from '../output.ts'
import { collectPages, type PageOptions } from '../pages.ts'
import { UsageError } from '../usage-error.ts'
import { addTargetsBuildCommand } from './targets-build.ts'

/** The first four columns are those of Vieter 0.6, for scripts that count them. */
const columns: readonly Column<Target>[] = [
  { heading: 'id', value: (target) => `${target.id}` },
  { heading: 'kind', value: (target) => target.kind },
  { heading: 'url', value: (target) => target.url },
  { heading: 'repo', value: (target) => target.repo },
  { heading: 'arch', value: (target) => target.arch.map((arch) => arch.value).join(',') },
  { heading: 'schedule', value: (target) => target.schedule, optional: true },
  { heading: 'branch', value: (target) => target.branch, optional: true },
  { heading: 'path', value: (target) => target.path, optional: true },
]

interface FilterOptions extends PageOptions {
  repo?: string
  query?: string
  arch?: string
}

interface FieldOptions {
  kind?: string
  url?: string
  repo?: string
  branch?: string
  path?: string
  schedule?: string
  arch?: string[]
}

function idArgument(): Argument {
  return new Argument('<id>', 'the id of the target').argParser(wholeNumber(1))
}

/** The options that say what a target is, for `add` and `edit`. */
function fieldOptions(): { kind: Option; others: Option[] } {
  return {
    kind: new Option('--kind <kind>', 'what the url is: a git repository, or a PKGBUILD').choices([
      'git',
      'url',
    ]),
    others: [
      new Option('--branch <branch>', 'the branch to build'),
      new Option('--path <folder>', 'the folder of the PKGBUILD inside the source'),
      new Option('--schedule <schedule>', 'when to build: minute hour [day [month]]'),
      new Option('--arch <archs>', 'the architectures to build for, separated by commas').argParser(
        commaList,
      ),
    ],
  }
}

export function addTargetsCommands(program: Command, run: Run): void {
  const group = addGroup(program, 'targets', 'say what is built, and build it')
  addListCommand(group, run)
  addAddCommand(group, run)
  addInfoCommand(group, run)
  addEditCommand(group, run)
  addRemoveCommand(group, run)
  addTargetsBuildCommand(group, run)
}

function addListCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'list',
    description: 'list the targets',
    options: [
      ...pageOptions(),
      new Option('--repo <repo>', 'only those of this repository'),
      new Option('-q, --query <text>', 'only those whose url, path or branch holds this text'),
      new Option('--arch <arch>', 'only those built for this architecture'),
      jsonOption(),
    ],
    examples: ['vieter targets list --repo vieter --query aur.archlinux.org'],
    async run({ client, options, printList }: Invocation<FilterOptions>) {
      const server = client()
      const filter = {
        ...(options.repo === undefined ? {} : { repo: options.repo }),
        ...(options.query === undefined ? {} : { query: options.query }),
        ...(options.arch === undefined ? {} : { arch: options.arch }),
      }
      const targets = await collectPages(options, (page) =>
        server.call(contract.listTargets, { query: { ...page, ...filter } }),
      )
      await printList(columns, targets, 'No targets. `vieter targets add URL REPO` adds one.')
      return 0
    },
  })
}

function addAddCommand(group: Command, run: Run): void {
  const { kind, others } = fieldOptions()
  addCommand(group, run, {
    name: 'add',
    description: 'add a target',
    arguments: [
      new Argument('<url>', 'the address of a git repository, or of a PKGBUILD with --kind url'),
      new Argument('<repo>', 'the repository to publish to'),
    ],
    options: [kind.default('git'), ...others],
    examples: [
      'vieter targets add https://aur.archlinux.org/yay-bin.git vieter',
      'vieter targets add --kind url --schedule "30 4" https://example.com/PKGBUILD vieter',
    ],
    async run(invocation: Invocation<FieldOptions>, url: string, repo: string) {
      const query = { kind: 'git', ...givenFields(invocation.options), url, repo }
      const id = await invocation.client().call(contract.addTarget, { query })
      if (invocation.options.raw) await invocation.print(`${id}\n`)
      await invocation.say(`Added target ${id}. Build it with \`vieter targets build ${id} --remote\`.`)
      return 0
    },
  })
}

function addInfoCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'info',
    description: 'show one target',
    arguments: [idArgument()],
    options: [jsonOption()],
    examples: ['vieter targets info 1'],
    async run({ client, printItem }: Invocation, id: number) {
      await printItem(columns, await client().call(contract.getTarget, { params: { id } }))
      return 0
    },
  })
}

function addEditCommand(group: Command, run: Run): void {
  const { kind, others } = fieldOptions()
  addCommand(group, run, {
    name: 'edit',
    description: 'change a target',
    details: 'An empty value clears branch, path or schedule.',
    arguments: [idArgument()],
    options: [
      new Option('--url <url>', 'the address of the git repository or of the PKGBUILD'),
      new Option('--repo <repo>', 'the repository to publish to'),
      kind,
      ...others,
    ],
    examples: ['vieter targets edit 1 --schedule "0 5" --branch ""'],
    async run(invocation: Invocation<FieldOptions>, id: number) {
      const query = givenFields(invocation.options)
      if (Object.keys(query).length === 0) {
        throw new UsageError('Nothing to change was given.', 'Give at least one option, such as --branch.')
      }
      await invocation.client().call(contract.editTarget, { params: { id }, query })
      await invocation.say(`Changed target ${id}.`)
      return 0
    },
  })
}

function addRemoveCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'remove',
    description: 'remove a target and its queued jobs; its logs and packages stay',
    arguments: [idArgument()],
    examples: ['vieter targets remove 1'],
    async run(invocation: Invocation, id: number) {
      await invocation.client().call(contract.removeTarget, { params: { id } })
      await invocation.say(`Removed target ${id}.`)
      return 0
    },
  })
}

/** Those fields of a target that were given on the command line, and nothing else. */
function givenFields(options: FieldOptions): FieldOptions {
  const names = ['kind', 'url', 'repo', 'branch', 'path', 'schedule', 'arch'] as const
  return Object.fromEntries(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
}
