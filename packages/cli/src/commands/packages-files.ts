import { contract, type PackageSummary } from '@vieter/api'
import { Argument, type Command } from 'commander'
import { addCommand, jsonOption, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { neutralise } from '../neutralise.ts'
import { formatJson } from '../output.ts'
import { collectPages } from '../pages.ts'
import { UsageError } from '../usage-error.ts'
import { findNamed, type PlaceOptions, placeOptions } from './packages-place.ts'

export function addPackagesFilesCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'files',
    description: 'list the files of a package',
    details: 'A slash stands at the end of folders.',
    arguments: [new Argument('<name>', 'the name of the package')],
    options: [...placeOptions(), jsonOption()],
    examples: ['vieter packages files hello', 'vieter packages files hello --repo vieter --arch x86_64'],
    async run({ openClient, options, print }: Invocation<PlaceOptions>, name: string) {
      const client = openClient()
      const { repo, arch } = onlyOne(await findNamed(client, name, options))
      const params = { repo, arch, name }
      const paths = await collectPages({ limit: Number.POSITIVE_INFINITY, offset: 0 }, (query) =>
        client.call(contract.listPackageFiles, { params, query }),
      )
      if (options.json) await print(formatJson(paths))
      else await print(paths.map((path) => `/${neutralise(path)}\n`).join(''))
      return 0
    },
  })
}

/** One of several arch-repos that hold the same package of a repository; throws UsageError where they hold several. */
function onlyOne(found: readonly PackageSummary[]): PackageSummary {
  const [first, ...others] = found as [PackageSummary]
  const same = others.every(({ repo, filename }) => repo === first.repo && filename === first.filename)
  if (same) return first
  const places = found.map(({ repo, arch, version }) => `${repo}/${arch} (${version})`).join(', ')
  throw new UsageError(
    `There are several packages ${first.name}: in ${places}.`,
    'Choose one with --repo and --arch.',
  )
}
