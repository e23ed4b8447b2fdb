import type { Leftover, Published } from '@vieter/api'
import { Argument, type Command, Option } from 'commander'
import { addCommand, jsonOption, type Run } from '../command.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Invocation } from '../invocation.ts'
import { neutralise } from '../neutralise.ts'
import { formatJson, formatRaw } from '../output.ts'
import { readPackageFiles } from '../package-files.ts'
import { publishEach } from '../publish-each.ts'
import { publishTogether } from '../publish-together.ts'

interface PublishOptions {
  repo: string
  each?: true
  replace?: true
  force?: true
}

const columns = [
  { heading: 'name', value: ({ name }: Published) => name },
  { heading: 'version', value: ({ version }: Published) => version },
  { heading: 'archs', value: ({ archs }: Published) => archs.join(',') },
]

export function addPublishCommand(program: Command, run: Run): void {
  addCommand(program, run, {
    name: 'publish',
    description: 'publish packages',
    details:
      'All packages appear in the same moment, or none do: when one is refused, or after a Ctrl-C, nothing has changed. ' +
      'The signature FILE.sig that lies beside FILE is sent along. Publishing the same files again changes nothing.',
    arguments: [new Argument('<file...>', 'packages, as makepkg makes them')],
    options: [
      new Option('--repo <repo>', 'the repository to publish to').makeOptionMandatory(),
      new Option('--each', 'one after the other: one that is refused does not hold up the others'),
      new Option(
        '--replace',
        'replace what was published with the same versions, or under the same file names',
      ),
      new Option('--force', 'take the place of higher versions, too'),
      jsonOption(),
    ],
    examples: [
      'vieter publish hello-1.0-1-x86_64.pkg.tar.zst --repo vieter',
      'vieter publish --repo vieter ./*.pkg.tar.zst',
    ],
    async run(invocation: Invocation<PublishOptions>, paths: string[]): Promise<ExitCode> {
      const { repo, each, replace, force } = invocation.options
      const files = readPackageFiles(invocation.surroundings, paths)
      const client = invocation.client()
      const insistence = { ...(replace ? { replace } : {}), ...(force ? { force } : {}) }
      const publishing = { repo, insistence, files, signal: invocation.surroundings.stopSignal() }
      if (each) {
        const { published, refused } = await publishEach(invocation, client, publishing)
        await tell(invocation, published, [])
        return refused === 0 ? 0 : 1
      }
      const { published, leftovers } = await publishTogether(invocation, client, publishing)
      await tell(invocation, published, leftovers)
      return 0
    },
  })
}

async function tell(
  invocation: Invocation<PublishOptions>,
  published: readonly Published[],
  leftovers: readonly Leftover[],
): Promise<void> {
  const { options, print, say, surroundings } = invocation
  for (const { warnings = [] } of published) {
    for (const { message } of warnings) await surroundings.stderr.write(`warning: ${neutralise(message)}\n`)
  }
  if (options.json) return print(formatJson({ published, leftovers }))
  if (options.raw) return print(formatRaw(columns, published))
  for (const { name, version, archs, repo = options.repo } of published)
    if (archs.length > 0) await say(`Published ${name} ${version} to ${repo} for ${archs.join(', ')}.`)
  for (const { name, version, base, removed } of leftovers) {
    await say(
      removed
        ? `Removed ${name} ${version}, which ${base} has no more.`
        : `${name} ${version} is left over: ${base} has it no more. \`vieter packages remove ${name} --repo ${options.repo}\` removes it.`,
    )
  }
}
