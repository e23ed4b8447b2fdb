import { type Client, contract } from '@vieter/api'
import { Argument, type Command, Option } from 'commander'
import { addCommand, commaList, type Run, wholeNumber } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { UsageError } from '../usage-error.ts'
import { type BuildOptions, buildTargetHere } from './build-here.ts'

/** Sensible as a build's time-out, in seconds: a week at most, as in the contract. */
const longestBuild = 604_800

export function addTargetsBuildCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'build',
    description: 'build a target, here or on an agent',
    details:
      'Without --remote the target is built on this machine, in its container engine; the packages go to the server,\n' +
      'and the exit code tells how the build ended. With --remote the build is queued for an agent.',
    arguments: [new Argument('<id>', 'the id of the target').argParser(wholeNumber(1))],
    options: [
      new Option('--force', 'build also what is published already'),
      new Option('--remote', 'leave the build to an agent'),
      new Option(
        '--arch <archs>',
        'the architecture; default: with --remote all of the target’s, else this machine’s',
      ).argParser(commaList),
      new Option('--timeout <seconds>', 'when to stop the build').argParser(wholeNumber(1, longestBuild)),
    ],
    examples: ['vieter targets build 1', 'vieter targets build 1 --remote --arch x86_64 --force'],
    run(invocation: Invocation<BuildOptions>, id: number) {
      return invocation.options.remote ? buildRemotely(invocation, id) : buildTargetHere(invocation, id)
    },
  })
}

async function buildRemotely(invocation: Invocation<BuildOptions>, id: number): Promise<0> {
  const client = invocation.client()
  const { arch, force, timeout } = invocation.options
  if (arch?.length === 0)
    throw new UsageError('--arch names no architecture.', 'For instance: --arch x86_64.')
  for (const each of arch ?? (await archsOfTarget(client, id))) {
    const query = { target: id, arch: each, ...(force ? { force } : {}), ...(timeout ? { timeout } : {}) }
    await client.call(contract.enqueueJob, { query })
    await invocation.say(`Queued a build of target ${id} for ${each}. \`vieter jobs list\` shows the queue.`)
  }
  return 0
}

async function archsOfTarget(client: Client, id: number): Promise<string[]> {
  const target = await client.call(contract.getTarget, { params: { id } })
  return target.arch.map((arch) => arch.value)
}
