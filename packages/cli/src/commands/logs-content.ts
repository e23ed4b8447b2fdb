import { type Client, contract } from '@vieter/api'
import { Argument, type Command, Option } from 'commander'
import { addCommand, type Run, wholeNumber } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { createLogPrinter } from '../log-printer.ts'

/** How long `--follow` waits before it asks again, in milliseconds. */
const followInterval = 1000

/** How many jobs `--follow` looks at to see whether a build still runs: all that the server tells at once. */
const everyJob = 10_000

export function addLogsContentCommand(group: Command, run: Run): void {
  addCommand(group, run, {
    name: 'content',
    description: 'print the output of a build',
    details: 'On a terminal only colours are passed through; into a file or a pipe the log goes as it is.',
    arguments: [new Argument('<id>', 'the id of the log').argParser(wholeNumber(1))],
    options: [new Option('--follow', 'go on until the build has ended')],
    examples: ['vieter logs content 1', 'vieter logs content 1 > build.log'],
    async run(invocation: Invocation<{ follow?: true }>, id: number) {
      const client = invocation.client()
      const printer = createLogPrinter(invocation.surroundings)
      if (invocation.options.follow) await follow(client, invocation, id, printer.print)
      else await printRest(client, id, 0, printer.print)
      await printer.end()
      return 0
    },
  })
}

/** Prints a log from a byte on; returns the log's size. */
async function printRest(
  client: Client,
  id: number,
  from: number,
  print: (piece: Uint8Array) => Promise<void>,
): Promise<number> {
  const response = await client.send(contract.getLogContent, { params: { id } })
  let size = 0
  for await (const piece of response.body ?? []) {
    const start = Math.max(0, from - size)
    size += piece.length
    if (start < piece.length) await print(piece.subarray(start))
  }
  return size
}

async function follow(
  client: Client,
  { surroundings }: Invocation,
  id: number,
  print: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  let size = 0
  for (;;) {
    const jobs = await client.call(contract.listJobs, { query: { limit: everyJob } })
    const running = jobs.some((job) => job.log_id === id)
    size = Math.max(size, await printRest(client, id, size, print))
    if (!running) return
    await surroundings.wait(followInterval)
  }
}
