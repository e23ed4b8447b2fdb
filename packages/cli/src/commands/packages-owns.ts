import { AppError, type PackageSummary } from '@vieter/api'
import { Argument, type Command } from 'commander'
import { addCommand, jsonOption, pageOptions, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { type Column, formatJson } from '../output.ts'
import type { PageOptions } from '../pages.ts'
import { UsageError } from '../usage-error.ts'
import { collectPackages, identity } from './packages-found.ts'
import { type PlaceOptions, placeOptions } from './packages-place.ts'

interface OwnedPath {
  pkg: PackageSummary
  path: string
}

const columns: readonly Column<OwnedPath>[] = [
  ...identity.map(({ heading, value }) => ({ heading, value: ({ pkg }: OwnedPath) => value(pkg) })),
  { heading: 'path', value: ({ path }) => `/${path}` },
]

export function addPackagesOwnsCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'owns',
    description: 'tell which packages hold a file',
    details:
      'A path, with a slash in it, is that file or folder; a name alone is looked for in all folders. With a slash at its end only folders count.',
    arguments: [new Argument('<path>', 'the path of the file, or its name')],
    options: [...pageOptions(), ...placeOptions(), jsonOption()],
    examples: ['vieter packages owns /usr/bin/vi', 'vieter packages owns libz.so.1'],
    async run(invocation: Invocation<PageOptions & PlaceOptions>, path: string) {
      const { options, openClient, printList, print } = invocation
      if (path === '') throw new UsageError('The path is empty.', 'Name a file, such as /usr/bin/vi.')
      const packages = await collectPackages(openClient(), options, { file: path })
      if (packages.length === 0) {
        throw new AppError('FILE_NOT_FOUND', {
          message: `No package holds ${JSON.stringify(path)}.`,
          hint: 'Give the file’s name alone to look for it in all folders.',
        })
      }
      const owned = packages.flatMap((pkg) => (pkg.paths ?? []).map((each) => ({ pkg, path: each })))
      if (options.json) await print(formatJson(packages))
      else await printList(columns, owned, '')
      return 0
    },
  })
}
