import { contract, type RemovalReport, type RepositorySummary } from '@vieter/api'
import { Argument, type Command, Option } from 'commander'
import { addCommand, addGroup, jsonOption, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import type { Column } from '../output.ts'
import { printRemoval } from '../removal-report.ts'
import { UsageError } from '../usage-error.ts'
import { addReposConfigCommands } from './repos-config.ts'
import { addReposNamesCommands } from './repos-names.ts'

const columns: readonly Column<RepositorySummary>[] = [
  { heading: 'repo', value: ({ name }) => name },
  { heading: 'archs', value: ({ archs }) => archs.join(',') },
  { heading: 'packages', value: ({ packages }) => `${packages}` },
  { heading: 'access', value: ({ access }) => access },
]

interface RemoveOptions {
  force?: true
  dryRun?: true
}

export function addReposCommands(program: Command, run: Run): void {
  const group = addGroup(program, 'repos', 'see repositories, say what they take, remove what was published')
  addListCommand(group, run)
  addReposConfigCommands(group, run)
  addReposNamesCommands(group, run)
  addRemoveCommand(group, run)
}

function addListCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'list',
    description: 'list the repositories',
    options: [jsonOption()],
    examples: ['vieter repos list'],
    async run({ client, printList }: Invocation) {
      const repositories = await client().call(contract.listRepositories, {})
      await printList(columns, repositories, 'No repositories. `vieter repos add REPO` makes one.')
      return 0
    },
  })
}

function addRemoveCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'remove',
    description: 'remove a package, an architecture of a repository, or a repository',
    arguments: [
      new Argument('<repo>', 'the repository'),
      new Argument('[arch]', 'the architecture; left out: all of them'),
      new Argument('[package]', 'the name of the package; left out: all of them'),
    ],
    options: [
      new Option('--force', 'needed to remove more than one package'),
      new Option('--dry-run', 'only show what would go'),
    ],
    examples: ['vieter repos remove vieter x86_64 hello', 'vieter repos remove vieter --dry-run'],
    async run(invocation: Invocation<RemoveOptions>, repo: string, arch?: string, pkgname?: string) {
      if (invocation.options.dryRun) {
        await printRemoval(invocation, await planRemoval(invocation, repo, arch, pkgname))
        return 0
      }
      const what = describe(repo, arch, pkgname)
      if (pkgname === undefined && !invocation.options.force) {
        throw new UsageError(
          `This would remove ${what} with all its packages.`,
          'If you mean it, add --force.',
        )
      }
      await remove(invocation, repo, arch, pkgname)
      await invocation.say(`Removed ${what}.`)
      return 0
    },
  })
}

function describe(repo: string, arch: string | undefined, pkgname: string | undefined): string {
  if (arch === undefined) return `the repository ${repo}`
  if (pkgname === undefined) return `the architecture ${arch} of the repository ${repo}`
  return `the package ${pkgname} from ${repo}/${arch}`
}

function planRemoval(
  invocation: Invocation,
  repo: string,
  arch: string | undefined,
  pkgname: string | undefined,
): Promise<RemovalReport> {
  const what = pkgname === undefined ? { all: true } : { packages: [pkgname] }
  const query = { ...what, ...(arch === undefined ? {} : { arch }), dry_run: true }
  return invocation.client().call(contract.removePackages, { params: { repo }, query })
}

async function remove(
  invocation: Invocation,
  repo: string,
  arch: string | undefined,
  pkgname: string | undefined,
): Promise<void> {
  const client = invocation.client()
  if (arch === undefined) await client.call(contract.removeRepository, { params: { repo } })
  else if (pkgname === undefined) await client.call(contract.removeArchRepo, { params: { repo, arch } })
  else await client.call(contract.removePackage, { params: { repo, arch, pkgname } })
}
